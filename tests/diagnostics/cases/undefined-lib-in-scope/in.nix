{ lib, config }:
{ a = optionalString config.b "x"; }
