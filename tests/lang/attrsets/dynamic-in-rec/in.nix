# Dynamic names are not in scope, but their values see the recursive scope.
let b = "outer"; in rec { a = 1; ${"b" + ""} = a + 1; c = b; }
