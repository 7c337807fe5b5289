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
builtins.outputOf producer.outPath "out"
