builtins.toXML { a = 1; b = [ "x" true null 1.5 ]; c = x: x; d = { e, f ? 1, ... }@g: e; p = /a; }
