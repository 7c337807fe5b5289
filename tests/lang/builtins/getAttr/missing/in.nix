builtins.getAttr "alpha" { alpah = 1; }
