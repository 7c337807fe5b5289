let lib = { f = x: x; }; in lib 1
