let
  evaluate = module: let config = builtins.addErrorContext "while evaluating the module argument `config'" (module { inherit config; }); in config;
in
evaluate ({ config }: if config.a then { a = true; } else { })
