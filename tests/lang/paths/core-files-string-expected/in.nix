builtins.split "a" <nix/fetchurl.nix>
