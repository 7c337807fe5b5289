builtins.fetchTree { type = "git"; url = "https://example.invalid/repository"; }
