let set = rec { a = 1; b = a; __overrides = { a = 10; c = 3; }; }; in [ set.a set.b set.c ]
