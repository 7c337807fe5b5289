# A default that only names another formal takes over its value if that exists already. Formals come
# into being as the parser finished their names: the names in a default before the formal it is for.
({ foo ? bar, bar ? 12 }: { c ? a, b ? c, a ? 12 }: { last, first ? last }: { q, p ? q + 0, r ? p }: { self ? self, other ? self }@arguments:
  [ foo a b c first q p r other arguments ])
  { } { } { last = 7; } { q = 1; } { self = 3; }
