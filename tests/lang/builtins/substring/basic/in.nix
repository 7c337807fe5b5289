let s = builtins.substring; in [ (s 0 3 "nixos") (s 3 10 "nixos") (s 10 3 "nixos") (s 1 (-1) "nixos") (s 0 0 "nixos") (s 2 1 "nixos") (s 0 5 { outPath = "o-path"; }) (s 0 9223372036854775807 "x") ]
