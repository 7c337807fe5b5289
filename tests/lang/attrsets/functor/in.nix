let f = { __functor = self: x: self.base + x; base = 10; }; g = f // { base = 20; }; in [ (f 1) (g 1) (map f [ 1 2 ]) ((({ __functor = self: self2: x: x; }) 0) 5) ]
