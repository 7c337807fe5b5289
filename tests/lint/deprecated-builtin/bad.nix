s: [
  (builtins.toPath s)
  (__toPath s)
]
