# The first Fibonacci numbers, made lazily: `numbers` refers to itself.
let
  numbers = builtins.genList (
    i:
    if i < 2 then
      i
    else
      builtins.elemAt numbers (i - 1) + builtins.elemAt numbers (i - 2)
  ) 20;
in
numbers
