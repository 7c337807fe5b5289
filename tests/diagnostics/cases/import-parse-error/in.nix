import ./broken.nix
