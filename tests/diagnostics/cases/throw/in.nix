let
  check = x: if x > 1 then throw "too large: ${toString x}" else x;
in
{ a = check 1; b = check 2; }
