let f = import ./f.nix; in
f { a = 1; }
