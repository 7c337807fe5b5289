let root = ./.; name = "a"; in
root + "/${name}" + derivation { inherit name; builder = "b"; system = "s"; }
