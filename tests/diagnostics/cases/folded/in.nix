let lib = import ./nixpkgs/lib; in
lib.mapTwice (x: x.name) [ { } ]
