let a = "let"; in with { a = "with"; b = "with"; }; [ a b ((a: a) "lambda") (rec { b = "rec"; c = b; }).c ]
