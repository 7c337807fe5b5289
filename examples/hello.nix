# A package as nixpkgs would describe it, small enough to read: two derivations, the second of
# which needs the first. `nivis eval` computes what a build would be called, `nivis build` builds it.
let
  system = "x86_64-linux";
  greeting = "Hello, world!";

  mkDerivation =
    { pname, version, script, ... }@attributes:
    derivation (
      removeAttrs attributes [ "script" ]
      // {
        inherit system;
        name = "${pname}-${version}";
        builder = "/bin/sh";
        args = [ "-c" script ];
      }
    );

  message = mkDerivation {
    pname = "message";
    version = "1.0";
    inherit greeting;
    script = ''echo "$greeting" > $out'';
  };

  hello = mkDerivation {
    pname = "hello";
    version = "2.12";
    inherit message;
    outputs = [ "out" "doc" ];
    script = ''
      echo '#!/bin/sh' > $out
      echo "cat ${message}" >> $out
      echo "Prints a greeting." > $doc
    '';
  };
in
{
  inherit (hello) name drvPath outPath;
  doc = hello.doc.outPath;
  message = message.outPath;
  # What `nivis build -f examples/hello.nix package` builds.
  package = hello;
}
