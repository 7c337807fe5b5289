map (a: builtins.hashFile a ./file) [ "md5" "sha1" "sha256" "sha512" ]
