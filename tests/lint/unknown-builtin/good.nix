{ xs, builtins2 }:
[
  (builtins.length xs)
  (builtins.foo or null)
  (if builtins ? bar then builtins.bar else null)
  (let builtins = { mine = 1; }; in builtins.mine)
  builtins.${xs}
  builtins2.foo
  builtins.exec
  builtins.currentSystem
  builtins.derivation
]
