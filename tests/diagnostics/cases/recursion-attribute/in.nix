let set = { a = set.b; b = set.c; c = set.a; }; in set.a
