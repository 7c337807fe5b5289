# The trace shows that a thunk is evaluated once.
let x = builtins.trace "once" 1; in x + x + x
