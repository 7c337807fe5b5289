# Strings: concatenation, substring, replaceStrings, joining, splitting into characters, comparison.
let
  range = n: builtins.genList (i: i) n;
  characters = s: builtins.genList (i: builtins.substring i 1 s) (builtins.stringLength s);
  text = builtins.concatStringsSep " " (builtins.map (i: "word${toString i}") (range 24000));
  concatMapStringsSep =
    sep: f: list:
    builtins.concatStringsSep sep (builtins.map f list);
  upper =
    builtins.replaceStrings
      (characters "abcdefghijklmnopqrstuvwxyz")
      (characters "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  hasPrefix = prefix: s: builtins.substring 0 (builtins.stringLength prefix) s == prefix;
  hasSuffix =
    suffix: s:
    let
      n = builtins.stringLength s;
      k = builtins.stringLength suffix;
    in
    n >= k && builtins.substring (n - k) n s == suffix;
  reversed = s: builtins.foldl' (t: c: c + t) "" (characters s);
  words = builtins.map (i: "some/path/to/file-${toString i}.nix") (range 160000);
in
[
  (builtins.stringLength (concatMapStringsSep ", " (i: "<" + toString i + ">") (range 240000)))
  (builtins.hashString "sha256" (upper (text + text + text)))
  (builtins.hashString "sha256" (reversed (builtins.substring 0 20000 text)))
  (builtins.length (builtins.filter (hasSuffix "7.nix") (builtins.filter (hasPrefix "some/path") words)))
  (builtins.length (builtins.filter (w: w < "some/path/to/file-3") words))
  (builtins.stringLength (builtins.foldl' (s: i: s + "x") "" (range 10000)))
  (builtins.stringLength (builtins.replaceStrings [ "word" "1" ] [ "w" "one" ] text))
]
