map builtins.isList [ [ ] [ 1 ] { } "x" null ]
