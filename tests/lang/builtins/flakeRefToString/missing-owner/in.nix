builtins.flakeRefToString { type = "github"; repo = "tools"; }
