builtins.readFileType <nix/nope>
