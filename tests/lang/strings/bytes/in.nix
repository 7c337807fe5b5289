# Strings are bytes: a two-byte character has length 2 and may be cut in the middle.
[ (builtins.stringLength "ä") (builtins.substring 0 2 "äö") (builtins.stringLength "日本") "日本" ]
