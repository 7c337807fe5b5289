assert <nix/fetchurl.nix> == /fetchurl.nix; 1
