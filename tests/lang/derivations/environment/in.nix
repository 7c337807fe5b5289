(derivation { name = "t"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo\n\"x\"\t\\" 1 ]; a = 1; b = true; c = false; e = null; l = [ 1 "x" [ "y" ] ]; fl = 1.5; }).drvPath
