# Chains of selections: static, dynamic, with defaults, and questions whether they are there.
let
  tree = depth: if depth == 0 then { leaf = 1; } else rec {
    left = tree (depth - 1);
    right = left;
    inherit depth;
    name = "n${toString depth}";
  };
  t = tree 12;
  walk =
    i: t.left.right.left.right.left.depth + t.right.right.right.left.left.left.depth
    + (t.left.left.missing.deeper or i)
    + (if t ? left.right.left.nothing then 1 else 2)
    + t.${if builtins.bitAnd i 1 == 0 then "left" else "right"}.depth;
in
builtins.foldl' (sum: i: sum + walk i) 0 (builtins.genList (i: i) 1200000)
