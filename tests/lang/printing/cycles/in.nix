let s = { a = s; n = 1; }; l = [ 1 l ]; in { inherit s; }
