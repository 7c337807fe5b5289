{ name = baseNameOf ./.; here = ./sibling.nix; at = __curPos.file; sibling = ./sibling.nix; }
