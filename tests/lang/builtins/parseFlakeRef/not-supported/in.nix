builtins.parseFlakeRef "github:example/example"
