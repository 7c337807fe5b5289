let f = x: x; in [ f 1 (f 1) f (f f 2) ]
