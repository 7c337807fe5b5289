let x = 1; in rec { x = 2; y = x; z = { x = 3; y = x; }; w = rec { x = 4; y = x; }; }
