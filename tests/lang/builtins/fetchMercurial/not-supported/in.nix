builtins.fetchMercurial "https://example.invalid/repository"
