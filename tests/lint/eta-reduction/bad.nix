f: [
  (x: f x)
  (x: f.a.b 1 x)
  (x: y: f x y)
  (let g = x: x; in map (x: g x) [ ])
  (let g = x: h x; h = y: y + 1; in g)
  (rec { g = x: h x; h = { a }: a; })
  (let inherit (f) h; in { g = x: h x; })
  (let g = n: map (x: g x) n; in g)
  (let g = x: f x; in g)
  (let inherit f; g = x: f x; in g)
  { g = x: toString x; }
  (with f; map (x: g x) [ ])
  (if f == (x: f x) then 1 else 2)
  ({ g ? x: h x, h }: g)
  ({ g ? x: h x, h ? y: y + 1 }: g)
  ({ g ? 1, h ? 2 }: map (x: g x) h)
]
