(derivation { name = "t"; system = "s"; builder = "b"; src = ./tree; }).drvPath
