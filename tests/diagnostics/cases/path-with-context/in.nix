./folder + "${builtins.toFile "name" ""}"
