import <nix/fetchurl.nix> { }
