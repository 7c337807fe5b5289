# genericClosure: the graph of a sieve of dependencies, with keys that are integers and strings.
let
  mod = a: b: a - b * (a / b);
  node = i: {
    key = i;
    next = [
      (mod (i * 3 + 1) 120000)
      (mod (i * 7 + 5) 120000)
      (i / 2)
    ];
  };
  closure = builtins.genericClosure {
    startSet = [ (node 1) ];
    operator = item: builtins.map node item.next;
  };
  named = builtins.genericClosure {
    startSet = [ { key = "n1"; i = 1; } ];
    operator =
      { i, ... }:
      builtins.map (k: {
        key = "n${toString k}";
        i = k;
      }) (if i > 60000 then [ ] else [ (2 * i) (2 * i + 1) ]);
  };
in
[
  (builtins.length closure)
  (builtins.foldl' (sum: item: sum + item.key) 0 closure)
  (builtins.length named)
]
