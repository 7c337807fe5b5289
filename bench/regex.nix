# Regular expressions: match with groups, split, one pattern for many texts and many patterns.
let
  range = n: builtins.genList (i: i) n;
  parse = s: builtins.match "([a-z]+)-([0-9]+)\\.([0-9]+)(-(alpha|beta))?" s;
  names = builtins.map (
    i: "package-${toString i}.${toString (i + 1)}${if builtins.bitAnd i 3 == 0 then "-beta" else ""}"
  ) (range 80000);
  words = builtins.split "[^[:alnum:]]+" (builtins.concatStringsSep ", " (builtins.genList (i: builtins.elemAt names i) 10000));
  trim = s: builtins.head (builtins.match "[[:space:]]*(.*[^[:space:]])[[:space:]]*" s);
  lines = builtins.filter builtins.isString (
    builtins.split "\n" (builtins.concatStringsSep "\n" (builtins.map (name: "  ${name} \t") names))
  );
  different = builtins.map (i: builtins.match ".*${toString i}.*" (builtins.elemAt names i)) (range 24000);
in
[
  (builtins.foldl' (n: name: n + builtins.length (builtins.filter (x: x != null) (parse name))) 0 names)
  (builtins.length words)
  (builtins.length (builtins.filter (line: trim line != line) lines))
  (builtins.length (builtins.filter (m: m != null) different))
]
