{ xs }:
[
  (builtins.lenght xs)
  builtins."foo"
  (map builtins.toStrings xs)
]
