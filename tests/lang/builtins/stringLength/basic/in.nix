[ (builtins.stringLength "") (builtins.stringLength "abc") (builtins.stringLength "äöü") (builtins.stringLength { outPath = "four"; }) ]
