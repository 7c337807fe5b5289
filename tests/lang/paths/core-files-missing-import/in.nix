import <nix/nope>
