let drv = derivation { name = "a"; builder = "b"; system = "s"; flag = throw "no flag"; };
in { x.y = drv; }.x.y.out.outPath
