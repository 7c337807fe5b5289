let x = { "a b" = { }; "if" = { }; }; in x."a b"."c d"
