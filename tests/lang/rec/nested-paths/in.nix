rec { a.b = c; c = 1; d = a.b; }
