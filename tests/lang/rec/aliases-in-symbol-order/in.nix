(late: alias:
rec {
  known = late;
  late = 1;
  forward = behind;
  behind = 2;
  back = forward;
  inherit alias;
  again = alias;
  name = forward;
  deep.value = late;
}) 0 5
