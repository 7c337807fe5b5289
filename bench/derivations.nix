# Derivations: graphs of two thousand, with string contexts, input hashes and several outputs.
let
  count = 2500;
  graph =
    number:
    let
      all = builtins.genList (make all number) count;
    in
    all;
  make =
    all: number: i:
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
      name = "package-${toString number}-${toString i}";
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
  last = all: (builtins.elemAt all (count - 1)).drvPath;
  digest =
    all:
    builtins.hashString "sha256" (
      builtins.concatStringsSep "" (builtins.map (d: builtins.unsafeDiscardStringContext d.outPath) all)
    );
in
builtins.map (
  number:
  let
    all = graph number;
  in
  [
    (last all)
    (digest all)
  ]
) (builtins.genList (number: number) 5)
