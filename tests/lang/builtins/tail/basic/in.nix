[ (builtins.tail [ 1 2 3 ]) (builtins.tail [ 1 ]) (builtins.length (builtins.tail [ (throw "a") (throw "b") ])) ]
