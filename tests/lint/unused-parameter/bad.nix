[
  (x: 1)
  (x: x: x)
  (self: super: super.hello)
]
