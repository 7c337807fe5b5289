# Functions are equal only where they are the same value.
let
  shared = { m ? n, n ? (x: x) }: [ m ] == [ n ];
  apart = { v ? (x: x), w ? v }: [ v ] == [ w ];
  given = { k ? l, l ? (x: x) }: [ k ] == [ l ];
  seen = [ e f ]; e = 1; f = 2;
  late = { e ? f, f ? (x: x) }: [ e ] == [ f ];
in
[ (shared { }) (apart { }) (given { l = y: y; }) (late { }) ]
