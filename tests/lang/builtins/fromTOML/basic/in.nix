builtins.fromTOML ''
  title = "x"
  int = 1_000
  hex = 0xff
  float = 1.5
  exp = 1e3
  bool = true
  list = [ 1, 2 ]
  mixed = [ 1, "a", { k = 1 } ]
  literal = 'C:\path'
  multi = """
  a
  b"""
  "quoted key" = 1
  a.b.c = 1
  [table]
  key = 1
  [table.sub]
  key = 2
  [[array]]
  n = 1
  [[array]]
  n = 2
''
