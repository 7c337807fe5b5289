let s = { a.b.c = 1; n = null; "x y" = 2; }; in
[ (s ? a) (s ? a.b) (s ? a.b.c) (s ? a.b.c.d) (s ? z) (s ? n.x) (s ? "x y") (s ? ${"a"}) (s ? a.${"b"}) (1 ? a) (null ? a.b) ]
