[ (builtins ? builtins.builtins.map) (builtins.builtins.add 1 2) (builtins.typeOf builtins) (builtins == builtins.builtins) ]
