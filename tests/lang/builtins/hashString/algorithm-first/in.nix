builtins.tryEval (builtins.hashString "crc32" (throw "not wanted"))
