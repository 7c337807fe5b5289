builtins.addErrorContext "while looking at the weather" (throw "rain")
