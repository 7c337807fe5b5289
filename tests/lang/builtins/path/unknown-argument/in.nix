builtins.path { path = ./in.nix; nmae = "x"; }
