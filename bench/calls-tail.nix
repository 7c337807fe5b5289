# Tail calls: loops of nine thousand steps with an accumulator that is forced at each step.
let
  loop = n: sum: if n == 0 then sum else loop (n - 1) (builtins.seq sum (sum + n));
  even = n: if n == 0 then true else odd (n - 1);
  odd = n: if n == 0 then false else even (n - 1);
in
builtins.foldl' (sum: i: sum + loop (3000 + i) 0 + (if even (3000 + i) then 1 else 0)) 0 (
  builtins.genList (i: i) 500
)
