f: x: f x 1 (f x) { }
