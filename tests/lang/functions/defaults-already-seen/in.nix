# `first` was seen before `second`, so its default finds no value; `name`, `map` and `x` are known to
# the evaluator from the beginning, before any name of a text.
let seen = [ first second ]; first = 1; second = 2; in
({ first ? second, second ? 3 }: { name ? other, other ? 4 }: { map ? user, user ? 5 }: { x ? y, y ? 6 }: { user2 ? head, head ? 7 }:
  [ first second name other map user x y user2 head ])
  { } { } { } { } { }
