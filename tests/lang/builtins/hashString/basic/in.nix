[ (map (a: builtins.hashString a "") [ "md5" "sha1" "sha256" "sha512" ]) (builtins.hashString "sha256" "abc") (builtins.hashString "sha1" "é") ]
