let f = builtins.toFile "f" "x"; in [ (builtins.getContext f) (builtins.getContext "plain") ]
