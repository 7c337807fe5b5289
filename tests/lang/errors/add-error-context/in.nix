builtins.addErrorContext "while doing something important" (throw "it broke")
