import ./dangling.nix
