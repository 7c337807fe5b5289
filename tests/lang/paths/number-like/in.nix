# `1/2` is a path, `1 / 2` and `1 /2` are not the same thing.
[ (1 / 2) (builtins.typeOf 1/2) (builtins.baseNameOf 7.0/2) ]
