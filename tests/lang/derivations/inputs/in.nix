let d = a: derivation ({ name = "t"; system = "x86_64-linux"; builder = "/bin/sh"; } // a); dep = d { name = "dep"; outputs = [ "out" "dev" ]; }; in
[ (d { inherit dep; }).drvPath (d { x = dep.dev; }).drvPath (d { f = builtins.toFile "f.txt" "hello"; }).drvPath (d { src = ./file; }).drvPath ]
