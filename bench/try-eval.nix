# tryEval: throws caught at once and from some calls down, assertions, values that do not fail.
let
  attempt = e: (builtins.tryEval e).success;
  fail = depth: if depth == 0 then throw "no" else 1 + fail (depth - 1);
  check = i: assert builtins.bitAnd i 1 == 0; i;
  count = p: n: builtins.foldl' (sum: i: if attempt (p i) then sum + 1 else sum) 0 (builtins.genList (i: i) n);
in
[
  (count (i: if builtins.bitAnd i 3 == 0 then throw "quarter" else i) 30000)
  (count (i: fail 20) 3000)
  (count check 50000)
  (count (i: builtins.seq i (toString i)) 250000)
]
