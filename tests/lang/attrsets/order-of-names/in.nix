# Names are ordered by bytes, upper case before lower case, numbers as text.
builtins.attrNames { b = 1; a = 1; B = 1; "10" = 1; "9" = 1; "é" = 1; _ = 1; "" = 1; ab = 1; a-b = 1; a_b = 1; }
