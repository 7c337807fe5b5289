a: with a; with b; x: c + x
