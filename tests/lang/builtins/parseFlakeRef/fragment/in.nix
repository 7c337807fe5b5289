builtins.parseFlakeRef "github:me/tools#hello"
