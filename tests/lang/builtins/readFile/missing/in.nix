builtins.readFile ./nothing
