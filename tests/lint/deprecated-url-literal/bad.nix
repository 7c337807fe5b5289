[
  https://nixos.org/
  (mirror://gnu/hello)
  (x:x)
  a:1b:2
]
