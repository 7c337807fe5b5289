let a = 1; b = a + 1; f = x: x + b; in f a
