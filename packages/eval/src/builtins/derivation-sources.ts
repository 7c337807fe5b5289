/** The parts of derivations that are written in Nix; `core-files.ts` gives them paths. */

/**
 * The function `derivation`. Nothing is hashed before an output path or the `drvPath` is needed:
 * `outputs` alone decides the shape of the result.
 */
export const DERIVATION_NIX = `# The function \`derivation\`.
#
# It puts the attributes that describe a build together with what becomes of them: the path of the
# store derivation and the paths of its outputs. The work is done by the builtin derivationStrict,
# which hashes everything and writes the .drv file; this function only makes sure that it is done
# once, and not before somebody asks for one of those paths.
#
# The result is a set with all attributes that were given, and
#
#   type         "derivation", by which such sets are told from others
#   drvPath      the path of the store derivation
#   outPath      the path of the output that this set stands for
#   outputName   the name of that output
#   drvAttrs     the attributes as they were given
#   all          a list of such sets, one for each output
#
# and one attribute for each output, named after it: a set like this one, but for that output. The
# set that is returned stands for the first output, so a derivation with an output "lib" is used as
# drv for the first and as drv.lib for the other.
#
# Only the names of the outputs are needed to tell which attributes there are. They come from the
# argument, never from the builtin, so that asking a derivation for an attribute that was given costs
# no hashing at all.
#
# People see the lines below in messages, so they stay where they are.
#
#
#
#
#
#
#
drvAttrs @ { outputs ? [ "out" ], ... }:
let

  strict = derivationStrict drvAttrs;

  commonAttrs = drvAttrs // builtins.listToAttrs named // {
    all = map (entry: entry.value) named;
    inherit drvAttrs;
  };


  # One entry for each output, as listToAttrs wants it. The values are lazy,
  # so the outputs may be named before anything is hashed.
  named = map (outputName: {
    name = outputName;
    value = commonAttrs // {
      outPath = strict.\${outputName};
      drvPath = strict.drvPath;
      type = "derivation";
      inherit outputName;
    };
  }) outputs;

in (builtins.head named).value
`;

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
