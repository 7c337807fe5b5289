[ (import ./a.nix) (builtins.import ./a.nix) (import (toString ./a.nix)) (import ./.) ]
