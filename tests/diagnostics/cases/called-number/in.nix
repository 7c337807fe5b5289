let
  count = 1;
in
[ (count 2) ]
