# Sorting with comparators: the usual one, one of several keys, one that is slow; sorted and random lists.
let
  mod = a: b: a - b * (a / b);
  random = builtins.genList (i: mod (i * 7919 + 104729) 65537) 80000;
  records = builtins.map (i: {
    key = mod i 97;
    name = "name-${toString i}";
  }) random;
  byKeyThenName = a: b: if a.key == b.key then a.name < b.name else a.key < b.key;
  sorted = builtins.sort builtins.lessThan random;
  sum = builtins.foldl' (sum: i: sum * 31 + i - sum * 30) 0;
in
[
  (sum sorted)
  (sum (builtins.sort (a: b: a > b) random))
  (sum (builtins.sort (a: b: a < b) sorted))
  (builtins.map (r: r.name) (
    builtins.filter (r: r.key == 5) (builtins.sort byKeyThenName records)
  ))
  (builtins.head (builtins.sort builtins.lessThan (builtins.map (r: r.name) records)))
]
