builtins.flakeRefToString { type = "path"; path = "/x"; branch = "y"; }
