[ true (builtins.true) (builtins.typeOf true) ]
