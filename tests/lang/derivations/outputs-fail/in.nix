(derivation { name = "a"; builder = "b"; system = "s"; outputs = throw "no outputs"; }).outPath
