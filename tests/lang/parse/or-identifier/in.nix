let or = x: x + 1; in [ (let f = g: g 1; in f or) ({ or = 5; }.or) ]
