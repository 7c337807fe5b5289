[
  ({ a }@args: a)
  (args@{ a }: a)
  (
    { a, ... } @ all:
    a
  )
  (args @ { ... }: args: args)
  (args@{ a }/* behind */: a)
]
