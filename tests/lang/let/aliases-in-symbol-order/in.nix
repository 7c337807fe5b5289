# A binding that only names another one takes over its value if that exists already: bindings come into
# being in the order in which the parser saw their names.
let
  used = [ late ];
  early = late;
  late = 1;
  forward = behind;
  behind = 2;
  copy = forward;
  nested = let inner = late; in [ inner ];
in
[ early late forward behind copy nested ]
