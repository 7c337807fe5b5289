f: x: y: [
  (if x ? a then x.b else 1)
  (if x ? a then y.a else 1)
  (if x ? ${y} then x.${y} else 1)
  (if x ? a then x.a or 2 else 1)
  (if x.a ? b then x.a.b.c else 1)
  # The first fails where x.y is missing, a selection with or does not.
  (if x.y ? a.b then x.y.a.b else 1)
  # Without the question this would fail where x.y is missing.
  (if x ? y.a then x.y else 1)
  (if (f x) ? a then (f x).a else 1)
]
