# Recursion that is no tail call, some thousand calls deep, and chains of thunks as long.
let
  sum = n: if n == 0 then 0 else 1 + sum (n - 1);
  build = n: if n == 0 then [ ] else [ n ] ++ build (n - 1);
  linked = n: if n == 0 then null else { head = n; tail = linked (n - 1); };
  total = list: if list == null then 0 else list.head + total list.tail;
  chain = n: builtins.foldl' (f: i: { value = f.value + i; }) { value = 0; } (builtins.genList (i: i) n);
  rounds = n: f: builtins.foldl' (a: i: a + f i) 0 (builtins.genList (i: i) n);
in
[
  (rounds 750 (i: sum (2500 + i)))
  (rounds 18 (i: builtins.length (build (1000 + i))))
  (rounds 180 (i: total (linked (2000 + i))))
  (rounds 180 (i: (chain (2000 + i)).value))
]
