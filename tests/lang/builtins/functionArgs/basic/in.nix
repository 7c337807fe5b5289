map builtins.functionArgs [ (x: x) ({ a, b ? 1, ... }: a) ({ }: 1) (x@{ z }: z) builtins.add ]
