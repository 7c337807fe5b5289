(import <nix/fetchurl.nix> { url = 1; bogus = 2; }).name
