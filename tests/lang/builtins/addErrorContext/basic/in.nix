builtins.addErrorContext (throw "only forced on failure") 1
