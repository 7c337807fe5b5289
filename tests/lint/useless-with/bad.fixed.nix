lib: f: [
  (f 1)
  (map f [ ])
  (1)
  (with lib; /* why */ f)
  (f)
  (let id = 1; in id)
  # The inner one is enough for all names.
  (f)
]
