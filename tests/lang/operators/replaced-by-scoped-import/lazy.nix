builtins.length [ (1 < throw "operand") ]
