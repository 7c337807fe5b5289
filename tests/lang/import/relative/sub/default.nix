{ from = "default"; sibling = import ../lib.nix; }
