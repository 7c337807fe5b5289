map builtins.isString [ "a" '''' /a 1 "${"x"}" { outPath = "x"; } ]
