let lib = import ./nixpkgs/lib; in
{ a = lib.check 1; }
