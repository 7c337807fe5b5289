# The configuration beside this file, for a tree of nixpkgs 26.11 that lacks some packages and modules.
{ lib, ... }:
{
  imports = [ ./configuration.nix ];
  options.virtualisation.hypervGuest.enable = lib.mkEnableOption "the guest";
  config.documentation.enable = false;
  config.nixpkgs.overlays = [
    (_: _: { shellcheck-minimal.compiler.bootstrapAvailable = false; })
  ];
}
