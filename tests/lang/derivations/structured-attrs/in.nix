(derivation { name = "t"; system = "x86_64-linux"; builder = "/bin/sh"; __structuredAttrs = true; outputs = [ "out" ]; a = { b = [ 1 null true "x" ]; }; }).drvPath
