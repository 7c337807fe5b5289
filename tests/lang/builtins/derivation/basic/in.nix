builtins.attrNames (derivation { name = "n"; system = "s"; builder = "b"; outputs = [ "a" "b" ]; })
