/** The parts of derivations that are written in Nix; `core-files.ts` gives them paths. */

/** The name under which positions show {@link DERIVATION_NIX}. */
export const DERIVATION_NIX_NAME = "\xc2\xabnix-internal\xc2\xbb/derivation-internal.nix";

/**
 * The function `derivation`. Nothing is hashed before an output path or the `drvPath` is needed:
 * `outputs` alone decides the shape of the result.
 */
export const DERIVATION_NIX = `drvAttrs @ { outputs ? [ "out" ], ... }:
let
  strict = derivationStrict drvAttrs;
  shared = drvAttrs // builtins.listToAttrs named // {
    all = map (entry: entry.value) named;
    inherit drvAttrs;
  };
  named = map (outputName: {
    name = outputName;
    value = shared // {
      inherit outputName;
      inherit (strict) drvPath;
      outPath = strict.\${outputName};
      type = "derivation";
    };
  }) outputs;
in (builtins.head named).value
`;

/** The name under which positions show {@link IMPORTED_DERIVATION_NIX}. */
export const IMPORTED_DERIVATION_NIX_NAME =
  "\xc2\xabnix-internal\xc2\xbb/imported-drv-to-derivation.nix";

/** What `import` makes of a `.drv` file, from a set of its path, name, outputs and their paths. */
export const IMPORTED_DERIVATION_NIX = `drv @ { drvPath, outputs, name, ... }:
let
  shared = builtins.listToAttrs named // {
    all = map (entry: entry.value) named;
    inherit drvPath name;
    type = "derivation";
  };
  named = map (outputName: {
    name = outputName;
    value = shared // {
      inherit outputName;
      outPath = builtins.getAttr outputName drv;
    };
  }) outputs;
in (builtins.head named).value
`;
