# A thunk that failed fails again with the same error.
let x = throw "again"; t = builtins.tryEval x; u = builtins.tryEval x; in [ t u ]
