[ false (!builtins.false) (builtins.typeOf false) ]
