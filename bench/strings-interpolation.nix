# Interpolation: short templates, nested ones, indented strings, numbers and paths made into text.
let
  line = i: "${toString i}: ${if builtins.bitAnd i 1 == 0 then "even" else "odd"}, ${"nested ${"twice ${toString (i + 1)}"}"}";
  unit =
    i:
    ''
      [Unit]
      Description=Service number ${toString i}
      After=${builtins.concatStringsSep " " [ "a${toString i}.target" "network.target" ]}

      [Service]
      ExecStart=/bin/service --port ${toString (1024 + i)} \
        --name "service-${toString i}" ''${HOME}
    '';
  attribute = i: { "name-${toString i}" = "${line i}!"; };
in
[
  (builtins.hashString "sha256" (builtins.concatStringsSep "\n" (builtins.genList line 240000)))
  (builtins.hashString "sha256" (builtins.concatStringsSep "\n" (builtins.genList unit 120000)))
  (builtins.stringLength (builtins.foldl' (s: i: s + builtins.head (builtins.attrValues (attribute i))) "" (
    builtins.genList (i: i) 4000
  )))
]
