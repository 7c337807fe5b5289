let f = a: b: c: a + b * c; g = f 1; h = g 2; in [ (f 1 2 3) (g 2 4) (h 5) ]
