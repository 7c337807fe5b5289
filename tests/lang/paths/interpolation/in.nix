let base = toString ./.; strip = p: builtins.substring (builtins.stringLength base) (-1) (toString p); a = "x"; in
[ (strip ./${a}) (strip ./b/${a}) (strip ./${a}/c) (strip ./${a}b${a}) (strip ./b-${a}.nix) /${a}/y ]
