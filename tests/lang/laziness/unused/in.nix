let a = throw "never"; f = x: 1; in [ (f a) (builtins.length [ a a ]) (builtins.attrNames { inherit a; }) ]
