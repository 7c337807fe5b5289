[ /a/b <nixpkgs> <nixpkgs/lib> ]
