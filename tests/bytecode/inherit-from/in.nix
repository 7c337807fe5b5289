x: { inherit (x) a b; inherit x; }
