builtins.getFlake "github:example/example"
