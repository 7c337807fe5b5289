map builtins.length [ [ ] [ 1 ] [ (throw "lazy") 2 3 ] ]
