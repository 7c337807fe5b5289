builtins.fetchTarball "http://example.invalid/file.tar.gz"
