let drv = derivation { name = "a"; builder = "b"; system = "s"; flag = throw "no flag"; };
in "${drv}/bin" + drv.outPath
