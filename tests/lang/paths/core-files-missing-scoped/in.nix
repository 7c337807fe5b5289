builtins.scopedImport { } <nix/nope/x>
