/** The parts of derivations that are written in Nix; `core-files.ts` gives them paths. */

/**
 * The function `derivation`. Nothing is hashed until an output path or the `drvPath` is needed:
 * `outputs` alone determines the shape of the result.
 *
 * Programs see the positions of its attributes (`unsafeGetAttrPos`, XML), and messages show its
 * lines. Both agree with C++ Nix, and so does the text of the lines that messages show.
 */
export const DERIVATION_NIX = `/*
  The function \`derivation\`.

  It puts the attributes that describe a build together with what becomes of them: the path of the
  store derivation and the paths of its outputs. The work is done by the builtin derivationStrict,
  which hashes everything and writes the .drv file; this function only makes sure that it is done
  once, and not before somebody asks for one of those paths.

  The result is a set with all attributes that were given, and

    type         "derivation", by which such sets are told from others
    drvPath      the path of the store derivation
    outPath      the path of the output that this set stands for
    outputName   the name of that output
    drvAttrs     the attributes as they were given
    all          a list of such sets, one for each output

  and one attribute for each output, named after it: a set like this one, but for that output. The
  set that is returned stands for the first output, so a derivation with an output "lib" is used as
  drv for the first and as drv.lib for the other.

  Only the names of the outputs are needed to tell which attributes there are. They come from the
  argument, never from the builtin, so that asking a derivation for an attribute that was given costs
  no hashing at all.

  Programs and messages show the lines and columns of what follows, so they stay as they are: the
  pattern begins in line 29.
*/
drvAttrs@{
  outputs ? [ "out" ],
  ...
}:

let

  strict = derivationStrict drvAttrs;

  commonAttrs =
    drvAttrs
    // (builtins.listToAttrs outputsList)
    // {
      all = map (entry: entry.value) outputsList;
      inherit drvAttrs;
    };
  # Values are lazy, so the outputs may be named before anything is hashed.
  outputToAttrListElement = outputName: {
    name = outputName;
    value = commonAttrs // {
      outPath = strict.\${outputName};
      drvPath = strict.drvPath;
      type = "derivation";
      inherit outputName;
    };
  };

  outputsList = map outputToAttrListElement outputs;

in
(builtins.head outputsList).value
`;

/**
 * The function that `import` applies to a set with the path, name and outputs of a `.drv` file. Its
 * attributes have the positions that C++ Nix gives them.
 */
export const IMPORTED_DERIVATION_NIX = `drv@{
  drvPath,
  outputs,
  name,
  ...
}:
# \`outputs\` are the names of the outputs. The set that is returned stands for the first,
# and has one like it for each under the name of the output.
let
  shared = builtins.listToAttrs named // {
    all = map (entry: entry.value) named;
    inherit drvPath name;
    type = "derivation";
  };
  # As listToAttrs wants them.
  named = map (outputName: {
    name = outputName;
    value = shared // {
      outPath = drv.\${outputName};
      inherit outputName;
    };
  }) outputs;

in
(builtins.head named).value
`;
