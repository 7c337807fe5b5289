let a = 1; s = { "x y" = 2; z = 3; }; in { inherit "a"; inherit (s) "x y" ${"z"}; }
