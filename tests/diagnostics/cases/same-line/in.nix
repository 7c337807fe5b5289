let a = { b = x: x.c; }; d = a.b { }; in d
