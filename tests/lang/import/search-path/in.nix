[ (import <mine/a.nix>) (baseNameOf <mine>) ((builtins.tryEval <mine/none>).success) ((builtins.tryEval <other>).success) ]
