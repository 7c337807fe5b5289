# deepSeq and deep equality of trees with shared parts.
let
  tree =
    depth: i:
    if depth == 0 then
      {
        value = i + 1;
        list = [
          i
          (i + 1)
        ];
      }
    else
      {
        left = tree (depth - 1) (2 * i);
        right = tree (depth - 1) (2 * i + 1);
        inherit depth;
      };
  a = tree 16 0;
  b = tree 16 0;
in
[
  (builtins.deepSeq a 1)
  (a == b)
  (builtins.deepSeq [
    a
    b
  ] (a == tree 16 1))
]
