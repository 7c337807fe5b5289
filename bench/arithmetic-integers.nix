# Arithmetic and comparison of integers in loops of a few thousand steps.
let
  # The length of a Collatz sequence.
  collatz =
    n: length:
    if n == 1 then
      length
    else if builtins.bitAnd n 1 == 0 then
      collatz (n / 2) (length + 1)
    else
      collatz (3 * n + 1) (length + 1);
  mod = a: b: a - b * (a / b);
  # A linear congruential generator; the products need 64 bits.
  random = seed: count: if count == 0 then seed else random (mod (seed * 1103515245 + 12345) 2147483648) (count - 1);
in
[
  (builtins.foldl' (best: n: let l = collatz n 0; in if l > best then l else best) 0 (
    builtins.genList (i: i + 1) 20000
  ))
  (builtins.foldl' (sum: i: sum + random i 200) 0 (builtins.genList (i: i) 3000))
]
