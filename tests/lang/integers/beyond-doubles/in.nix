# 2^53 + 1 cannot be a double: equality, order and bits must not round.
let a = 9007199254740993; b = 9007199254740992; in [ (a == b) (a > b) (a - b) (builtins.bitAnd a 1) (builtins.bitXor a b) (a == 9007199254740993) (toString a) (builtins.toJSON [ a (-a) ]) ]
