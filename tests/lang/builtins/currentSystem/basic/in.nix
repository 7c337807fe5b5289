[ (builtins.isString builtins.currentSystem) (builtins.match ".+-.+" builtins.currentSystem != null) ]
