# Records alike, records with the same number of other names, names that come twice.
let
  records = builtins.fromJSON ''[
    {"a": 1, "b": 2}, {"a": 3, "b": 4}, {"b": 5, "a": 6}, {"a": 7, "c": 8}, {"a": 9, "b": 10},
    {"a": 11, "a": 12}, {"a": 13, "b": 14}, {"a": 15, "b": 16, "a": 17}, {}, {"a": {"a": 18, "b": {}}, "b": []}
  ]'';
in
[
  records
  (map (r: r.a or null) records)
  (builtins.toJSON records)
  (builtins.elemAt records 0 == builtins.elemAt records 1)
  (builtins.head records // { c = 0; })
]
