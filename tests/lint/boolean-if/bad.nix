a: b: [
  (if a then true else false)
  (if a == b then false else true)
  (if (a || b) then false else true)
  (if a /* why */ then true else false)
  (x: if x then
    true
  else
    false)
]
