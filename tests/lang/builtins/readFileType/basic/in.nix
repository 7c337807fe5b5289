[ (builtins.readFileType ./in.nix) (builtins.readFileType ./.) ]
