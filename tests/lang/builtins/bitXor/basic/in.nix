[ (builtins.bitXor 12 10) (builtins.bitXor (-1) 255) (builtins.bitXor 9223372036854775807 1) ]
