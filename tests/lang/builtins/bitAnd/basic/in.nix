[ (builtins.bitAnd 12 10) (builtins.bitAnd (-1) 255) (builtins.bitAnd 9007199254740993 9007199254740995) (builtins.bitAnd (-4) (-6)) ]
