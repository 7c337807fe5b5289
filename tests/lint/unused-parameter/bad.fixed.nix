[
  (_x: 1)
  (_x: x: x)
  (_self: super: super.hello)
]
