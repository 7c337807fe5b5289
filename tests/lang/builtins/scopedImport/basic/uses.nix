[ a map (builtins.typeOf builtins) true ]
