# Calls of functions that take a set apart: formals, defaults, ellipsis and `@`.
let
  step =
    {
      count,
      sum,
      by ? 1,
      ...
    }@args:
    if count == 0 then
      sum
    else
      step (
        args
        // {
          count = count - 1;
          sum = sum + by;
        }
      );
  run =
    by:
    step {
      count = 900;
      sum = 0;
      inherit by;
      unused = by;
    };
  withDefault =
    i:
    step {
      count = 10;
      sum = i;
    };
in
builtins.foldl' (a: by: a + run by) 0 (builtins.genList (i: i) 1200)
+ builtins.foldl' (a: i: a + withDefault i) 0 (builtins.genList (i: i) 48000)
