s: [
  (/. + s)
  (s.toPath or 1)
  (builtins ? toPath)
  ({ builtins }: builtins.toPath s)
  (__add 1 2)
]
