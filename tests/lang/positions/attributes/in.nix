let s = { a = 1;
  b.c = 2; inherit (s) d;
}; at = n: set: let p = builtins.unsafeGetAttrPos n set; in if p == null then null else [ (builtins.baseNameOf p.file) p.line p.column ]; in
[ (at "a" s) (at "b" s) (at "c" s.b) (at "z" s) ]
