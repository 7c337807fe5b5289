let a = 1; b = 2; s = { c = 3; d.e = 4; }; in { inherit a b; inherit (s) c d; inherit; inherit ({ f = 5; }) f; }
