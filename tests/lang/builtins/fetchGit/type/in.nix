builtins.fetchGit { type = "git"; url = "https://host.example/x"; }
