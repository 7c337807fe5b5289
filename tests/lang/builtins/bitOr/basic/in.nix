[ (builtins.bitOr 12 10) (builtins.bitOr (-1) 255) (builtins.bitOr 9007199254740992 1) (builtins.bitOr 4294967296 1) ]
