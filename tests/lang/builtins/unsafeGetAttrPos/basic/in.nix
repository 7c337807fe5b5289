let p = builtins.unsafeGetAttrPos "a" { b = 1; a = 2; }; in [ (baseNameOf p.file) p.line p.column (builtins.unsafeGetAttrPos "z" { a = 1; }) ]
