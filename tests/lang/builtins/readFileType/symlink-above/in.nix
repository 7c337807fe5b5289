builtins.readFileType ./link/file
