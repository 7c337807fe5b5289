let d = n: { type = "derivation"; outPath = n; other = throw "never"; }; in [ (d "a" == d "a") (d "a" == d "b") ({ type = "derivation"; a = 1; } == { type = "derivation"; a = 2; }) ]
