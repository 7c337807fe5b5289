[ ([ ] ++ [ ]) ([ 1 ] ++ [ 2 ] ++ [ 3 ]) (builtins.length ([ (throw "x") ] ++ [ (throw "y") ])) ]
