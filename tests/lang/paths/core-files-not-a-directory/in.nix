builtins.readDir <nix/fetchurl.nix>
