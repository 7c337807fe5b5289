(derivation { name = "a"; system = "s"; builder = "b"; x = throw "broken attribute"; }).drvPath
