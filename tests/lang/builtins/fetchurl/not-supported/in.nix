builtins.fetchurl "http://example.invalid/file"
