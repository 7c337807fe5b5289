[ (builtins.seq 1 2) (builtins.seq [ (throw "not deep") ] 3) (builtins.tryEval (builtins.seq (throw "x") 1)) ]
