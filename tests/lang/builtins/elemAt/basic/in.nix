[ (builtins.elemAt [ "a" "b" ] 0) (builtins.elemAt [ (throw "no") 2 ] 1) ]
