# The builtins on sets, as library code uses them.
let
  range = n: builtins.genList (i: i) n;
  pair = name: value: { inherit name value; };
  filterAttrs =
    p: set:
    builtins.listToAttrs (
      builtins.concatMap (
        name:
        let
          v = set.${name};
        in
        if p name v then [ (pair name v) ] else [ ]
      ) (builtins.attrNames set)
    );
  mapAttrsToList = f: set: builtins.map (name: f name set.${name}) (builtins.attrNames set);
  genAttrs = names: f: builtins.listToAttrs (builtins.map (n: pair n (f n)) names);
  set = genAttrs (builtins.map (i: "k${toString i}") (range 1000)) (builtins.stringLength);
  other = genAttrs (builtins.map (i: "k${toString (i * 3)}") (range 1000)) (name: name);
  round =
    i:
    let
      mapped = builtins.mapAttrs (name: v: v + i) set;
      kept = filterAttrs (name: v: builtins.bitAnd v 1 == 0) mapped;
      common = builtins.intersectAttrs other kept;
      without = builtins.removeAttrs mapped [
        "k1"
        "k2"
        "k3"
        "absent"
      ];
      grouped = builtins.groupBy (v: toString (builtins.bitAnd v 3)) (builtins.attrValues without);
      zipped = builtins.zipAttrsWith (name: values: builtins.length values) [
        common
        kept
        { k1 = i; }
      ];
    in
    builtins.length (mapAttrsToList (n: v: v) common)
    + builtins.length (builtins.attrNames grouped)
    + builtins.foldl' builtins.add 0 (builtins.attrValues zipped)
    + builtins.length (builtins.catAttrs "k7" [
      kept
      mapped
      without
    ]);
in
builtins.foldl' (sum: i: sum + round i) 0 (range 480)
