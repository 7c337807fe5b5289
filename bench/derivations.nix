# Derivations: a graph of two thousand, with string contexts, input hashes and several outputs.
let
  count = 2500;
  all = builtins.genList make count;
  make =
    i:
    let
      inputs =
        if i < 4 then
          [ ]
        else
          [
            (builtins.elemAt all (i - 1))
            (builtins.elemAt all (i / 2)).dev
            (builtins.elemAt all (i / 3))
          ];
    in
    derivation {
      name = "package-${toString i}";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [
        "-c"
        "echo ${toString inputs} > $out"
      ];
      outputs = [
        "out"
        "dev"
      ];
      buildInputs = inputs;
      flags = builtins.concatStringsSep " " (builtins.genList (k: "-DOPTION_${toString k}=${toString i}") 20);
      passAsFile = [ "text" ];
      text = "first ${builtins.toString (builtins.map (d: "${d}/lib") inputs)}";
    };
in
[
  (builtins.elemAt all (count - 1)).drvPath
  (builtins.hashString "sha256" (builtins.concatStringsSep "" (builtins.map (d: builtins.unsafeDiscardStringContext d.outPath) all)))
]
