{ config, ... }:
{ a = mkIf config.b 1; }
