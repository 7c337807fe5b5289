[ (import ./lib.nix) (import ./sub) (import ./lib.nix == import ./lib.nix) ((import ./function.nix) 4) ]
