let f = with { n = 5; }; x: x + n; in f 1
