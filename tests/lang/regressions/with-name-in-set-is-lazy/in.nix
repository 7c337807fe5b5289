# A name that no `with` has is looked for when its value is needed, not when the set around it is
# made, even if the set of the `with` has been evaluated already.
with { a = 1; };
builtins.seq a [
  (builtins.attrNames { x = undefinedName; })
  (builtins.length [ undefinedName ])
  ((x: 1) undefinedName)
]
