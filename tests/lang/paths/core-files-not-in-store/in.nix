builtins.storePath <nix/fetchurl.nix>
