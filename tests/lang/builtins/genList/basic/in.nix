[ (builtins.genList (x: x * x) 5) (builtins.genList (x: x) 0) (builtins.length (builtins.genList (x: throw "lazy") 3)) ]
