{
  a = _: 1;
  b = { x, ... }: x;
  c = { }: 1;
  d = args@{ x, ... }: args.y + x;
}
