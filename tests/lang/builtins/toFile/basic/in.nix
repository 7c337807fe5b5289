let f = builtins.toFile "f.txt" "hello"; in [ f (builtins.toFile "g" "see ${f}") (builtins.toFile "empty" "") ]
