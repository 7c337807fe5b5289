let x = 1; s = { y = 2; }; in let inherit x; inherit (s) y; in [ x y ]
