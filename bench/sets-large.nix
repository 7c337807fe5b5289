# Large sets: ten thousand attributes, made from lists, looked into, mapped, compared.
let
  size = 10000;
  names = builtins.genList (i: "attribute-${toString (builtins.bitXor (i * 7919) 4095)}-${toString i}") size;
  set = builtins.listToAttrs (
    builtins.map (name: {
      inherit name;
      value = builtins.stringLength name;
    }) names
  );
  mapped = builtins.mapAttrs (name: value: value + 1) set;
  rounds = builtins.genList (i: i) 200;
in
{
  sum = builtins.foldl' (
    sum: round: builtins.foldl' (sum: name: sum + mapped.${name} + set.${name}) sum names
  ) 0 rounds;
  same = builtins.map (round: (set // { "extra${toString round}" = round; }) == set) rounds;
  equal = mapped == builtins.mapAttrs (name: value: value + 1) set;
  absent = builtins.length (builtins.filter (name: set ? "${name}x") names);
  first = builtins.head (builtins.attrNames mapped);
  values = builtins.foldl' builtins.add 0 (builtins.attrValues set);
}
