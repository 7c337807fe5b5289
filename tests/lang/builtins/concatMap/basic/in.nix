[ (builtins.concatMap (x: [ x (x * 10) ]) [ 1 2 ]) (builtins.concatMap (x: [ ]) [ 1 2 ]) ]
