with { map = 1; true = 2; toString = 3; foo = 4; }; [ (builtins.isFunction map) true (builtins.isFunction toString) foo ]
