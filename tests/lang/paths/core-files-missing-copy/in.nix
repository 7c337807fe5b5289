builtins.path { path = <nix/nope>; }
