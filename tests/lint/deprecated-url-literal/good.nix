[
  "https://nixos.org/"
  ''https://nixos.org/''
  (x: x)
  # https://nixos.org/
]
