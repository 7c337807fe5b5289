builtins.trace "message" (builtins.trace 1 2)
