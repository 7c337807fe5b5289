let s = builtins.unsafeDiscardStringContext (builtins.toFile "a" "b"); in [ s (builtins.hasContext s) ]
