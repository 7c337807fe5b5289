# The call that `map` put off is forced by `head`, which says no place: one "from call site", that of
# the functor.
{
  __functor = self: x: builtins.head (map (y: throw "boom") [ x ]) + "x";
} 1
