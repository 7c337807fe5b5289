with { foo = 1; }; fou
