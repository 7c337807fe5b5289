let
  producer = derivation {
    name = "d.drv";
    system = "s";
    builder = "b";
    outputHashMode = "text";
    outputHashAlgo = "sha256";
    __contentAddressed = true;
  };
in
let
  output = builtins.outputOf producer.outPath "out";
in
[
  (builtins.stringLength output)
  (builtins.hasContext output)
  (output == builtins.outputOf producer.outPath "dev")
]
