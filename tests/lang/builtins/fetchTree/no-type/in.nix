builtins.fetchTree { url = "https://host.example/x"; }
