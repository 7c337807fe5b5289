builtins.parseFlakeRef "./tools"
