map builtins.toJSON [ 1 (-1) true null "a\"b\\c\nd\te" [ 1 [ ] ] { b = 1; a = { }; } 1.5 { outPath = "o"; x = 1; } { __toString = s: "t"; } "é" [ ] { } ]
