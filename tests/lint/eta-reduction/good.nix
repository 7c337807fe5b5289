f: [
  (x: x x)
  (x: f x x)
  (x: x.f x)
  (x: f x 1)
  ({ x }: f x)
  (x: (y: x) x)
  # What would be its own value.
  (let g = x: g x; in g)
  (rec { g = x: g x; })
  (let { body = g; g = x: g x; })
  (let g = (x: g x); in g)
  (let g = # so
    x: g x; in g)
  (let g = x: f g x; in g)
  (let a.g = x: a.g x; in a)
  (let a = { g = x: a.h x; h = 1; }; in a)
  # Each would be the other.
  (let g = x: h x; h = x: g x; in g)
  (rec { g = x: h x; h = x: i x; i = x: g x; })
  # What the other is is not known before it is evaluated.
  (let g = x: h x; h = f g; in g)
  (let g = x: h x; inherit (f g) h; in g)
  (let g = x: h 1 x; h = n: builtins.seq g (y: y); in g)
  # The set may be the one that the binding is in.
  (final: prev: { g = x: final.h x; })
  (self: with self; { g = x: h x; h = x: g x; })
  { g = x: f.g x; }
  # Defaults see each other, too.
  ({ g ? x: g x }: g)
  ({ g ? x: h x, h ? x: g x }: g)
  ({ g ? x: h x, h ? f g }: g)
  ({ g ? x: h 1 x, h ? n: builtins.seq g (y: y) }: g)
  (args@{ g ? x: args.h x, h ? 1 }: g)
]
