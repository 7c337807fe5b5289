builtins.readFile <nix/nope>
