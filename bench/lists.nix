# Functions on lists: genList, map, filter, foldl', concatLists, `++`, elem, all, any, partition.
let
  numbers = builtins.genList (i: i) 500000;
  isSmall = i: builtins.bitAnd i 7 < 3;
  pairs = builtins.concatMap (i: [
    i
    (i + 1)
  ]) numbers;
  reverse = list: let n = builtins.length list; in builtins.genList (i: builtins.elemAt list (n - i - 1)) n;
  parts = builtins.partition (i: i > 1000) pairs;
  nested = builtins.genList (i: builtins.genList (k: i + k) 30) 15000;
  growing = builtins.foldl' (list: i: list ++ [ i ]) [ ] (builtins.genList (i: i) 3000);
in
[
  (builtins.foldl' (sum: i: sum + i) 0 (builtins.map (i: i * 2) (builtins.filter isSmall pairs)))
  (builtins.length parts.right)
  (builtins.length parts.wrong)
  (builtins.head (reverse pairs))
  (builtins.foldl' builtins.add 0 (builtins.concatLists nested))
  (builtins.length growing)
  (builtins.elem 499999 numbers)
  (builtins.all (i: i >= 0) numbers)
  (builtins.any (i: i < 0) numbers)
  (builtins.length (builtins.tail pairs))
]
