{ x = 1; path = baseNameOf (toString ./lib.nix); }
