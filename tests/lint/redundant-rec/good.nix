x: [
  (rec { a = 1; b = a; })
  (rec { a = 1; ${a} = 2; })
  (rec { a = { b = a; }; })
  # The set of __overrides changes what the names mean.
  (rec { a = 1; __overrides = { }; })
  (rec { __sub = a: b: a; c = 1 - 2; })
  { a = 1; }
  (let { a = 1; body = 2; })
  (rec { a = { inherit b; }; b = 1; })
]
