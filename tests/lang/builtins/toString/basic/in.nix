map toString [ 1 (-1) 1.5 true false null "s" /a/b [ 1 "a" [ ] [ 2 [ 3 ] ] null "b" ] { outPath = "o"; } { __toString = s: 3; } [ ] [ [ ] ] [ "" "" ] ]
