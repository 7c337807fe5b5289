builtins.fetchGit "https://example.invalid/repository"
