[ (builtins.elem 1 [ 1 2 ]) (builtins.elem 3 [ 1 2 ]) (builtins.elem 1.0 [ 1 ]) (builtins.elem { a = 1; } [ { a = 1; } ]) (builtins.elem 1 [ 1 (throw "no") ]) (builtins.elem [ ] [ ]) ]
