let s = { n = 1; }; in { a = s; b = s; c = [ s ]; d = { }; e = { }; }
