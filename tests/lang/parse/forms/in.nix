{ a, b ? 1, ... }@x: with x; let c = 1; in rec { d = if a then b else c; e = assert c == 1; [ a.b."c d" or e ]; f = x: x; g = "s${a}t"; h = /p; i = !a && b || c -> d; }
