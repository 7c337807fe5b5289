builtins.readFile /etc/passwd
