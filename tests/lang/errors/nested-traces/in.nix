let f = x: g x; g = x: x.missing; in { a = f { present = 1; }; }.a
