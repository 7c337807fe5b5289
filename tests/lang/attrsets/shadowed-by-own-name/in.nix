let a = { b = 1; }; in { a = a.b; }.a
