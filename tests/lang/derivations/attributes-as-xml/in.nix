derivation { name = "a"; builder = "b"; system = "s"; outputs = [ "out" "dev" ]; }
