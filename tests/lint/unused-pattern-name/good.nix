[
  ({ a, ... }@args: args.b or a)
  (args@{ a ? args.b, ... }: a)
  ({ a, ... }@_args: a)
  (args: 1)
]
