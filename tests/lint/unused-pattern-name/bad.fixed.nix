[
  ({ a }: a)
  ({ a }: a)
  (
    { a, ... }:
    a
  )
  ({ ... }: args: args)
  ({ a }/* behind */: a)
]
