[ null builtins.null (builtins.typeOf null) ]
