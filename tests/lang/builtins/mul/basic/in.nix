[ (builtins.mul 3 4) (builtins.mul 1.5 2) (builtins.mul (-3) 3) (builtins.mul 3037000499 3037000499) ]
