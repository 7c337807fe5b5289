[
  (let map = f: f; in map)
  (true: true)
  ({ import, toString ? 1 }: [ import toString ])
  (rec { derivation = 1; a = derivation; })
  (let __sub = a: b: a; in 1 - 2)
  (let map = 1; in let map = 2; in map)
]
