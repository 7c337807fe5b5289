{ "in" = 1; "assert" = 2; "inherit" = 3; "or" = 4; }
