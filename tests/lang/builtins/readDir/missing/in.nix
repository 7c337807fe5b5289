builtins.readDir ./nothing
