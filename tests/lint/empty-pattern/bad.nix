{
  a = { ... }: 1;
  b = args@{ ... }: args.x;
  c = { ... }@args: args.x;
}
