let s = { a.b = 1; n = null; }; in
[ (s.a.b or 0) (s.a.c or 2) (s.z.y.x or 3) (s.n.x or 4) (s.a.b.c or 5) ((1).a or 6) (s.${"z"} or s.a.${"b"} or 7) ]
