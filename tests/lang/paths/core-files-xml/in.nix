[ <nix/fetchurl.nix> (dirOf <nix/fetchurl.nix>) ]
