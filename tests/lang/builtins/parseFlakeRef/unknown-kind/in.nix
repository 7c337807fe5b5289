builtins.parseFlakeRef "gopher://host.example/tools"
