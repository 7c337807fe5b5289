let fod = a: let d = derivation ({ name = "t"; system = "x86_64-linux"; builder = "/bin/sh"; } // a); in [ d.drvPath d.outPath ]; in
[
  (fod { outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; })
  (fod { outputHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; outputHashMode = "recursive"; })
  (fod { outputHash = "0000000000000000000000000000000000000000"; outputHashAlgo = "sha1"; outputHashMode = "recursive"; })
  (fod { outputHash = builtins.hashString "sha512" ""; outputHashAlgo = "sha512"; })
  (fod { outputHash = "sha1:0000000000000000000000000000000000000000"; })
]
