{ lib = ./lib.nix { }; }
