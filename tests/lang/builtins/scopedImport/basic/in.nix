builtins.scopedImport { a = 1; map = "shadowed"; } ./uses.nix
