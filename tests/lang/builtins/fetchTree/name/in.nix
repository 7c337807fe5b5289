builtins.fetchTree { type = "git"; url = "https://host.example/x"; name = "y"; }
