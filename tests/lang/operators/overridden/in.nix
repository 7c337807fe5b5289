# Arithmetic and `<` are calls of the variables in scope; boolean operators, `==` and `++` are not.
let __sub = a: b: "sub ${toString a} ${toString b}"; __lessThan = a: b: true; __mul = a: b: "mul"; in [ (1 - 2) (-3) (5 < 1) (5 >= 1) (2 * 2) (1 == 1) ]
