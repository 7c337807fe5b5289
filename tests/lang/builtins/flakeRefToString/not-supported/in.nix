builtins.flakeRefToString { type = "github"; owner = "example"; repo = "example"; }
