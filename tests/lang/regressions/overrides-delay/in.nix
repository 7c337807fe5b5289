rec { __overrides = { c = 3; }; a = 1; b = a; c = 2; inherit (__overrides) d; }
