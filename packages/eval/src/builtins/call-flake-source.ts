/**
 * The Nix function that turns a lock file and source trees into the value of a flake. `core-files.ts`
 * puts it into a tree of its own, `call-flake.ts` calls it.
 *
 * An input is fetched when its value is needed. Trees that locking has fetched are passed as arguments,
 * because some of them, such as that of the flake itself, cannot be fetched again by what the lock file
 * says. Names and the order of evaluation follow C++ Nix (libflake/call-flake.nix), because traces show
 * them.
 */

/**
 * A function of three arguments:
 *
 * - the text of a lock file, version 7;
 * - by node key, `{ sourceInfo; dir; }` of the trees that are there already, where `sourceInfo` is a
 *   result of `fetchTree` and `dir` the path of the flake in it, without a slash at its head;
 * - a function like `fetchTree` that takes the attributes of an entry of the lock file.
 */
export const CALL_FLAKE_NIX = `lockText: trees: fetchLocked:

let
  lock = builtins.fromJSON lockText;

  # An input is the key of a node, or the path that it follows: names of inputs, from the root on.
  keyOf =
    input:
    if builtins.isList input then
      builtins.foldl' (key: name: keyOf lock.nodes.\${key}.inputs.\${name}) lock.root input
    else
      input;

  withDir = path: dir: if dir == "" then path else path + "/" + dir;

  nodes = builtins.mapAttrs (
    key: node:
    let
      given = trees.\${key} or null;
      locked = node.locked or { };
      isInParent =
        given == null && locked.type or null == "path" && builtins.substring 0 1 locked.path != "/";
      parent = nodes.\${keyOf node.parent};

      sourceInfo =
        if given != null then
          given.sourceInfo
        else if isInParent then
          parent.sourceInfo
        else
          fetchLocked (removeAttrs locked [ "dir" ]);

      base = if isInParent then withDir parent.outPath locked.path else sourceInfo.outPath;
      outPath = withDir base (if given != null then given.dir else locked.dir or "");

      flake = import (outPath + "/flake.nix");
      inputs = builtins.mapAttrs (_: input: nodes.\${keyOf input}.result) (node.inputs or { });
      outputs = flake.outputs (inputs // { self = result; });
      result =
        outputs
        // sourceInfo
        // {
          inherit
            inputs
            outPath
            outputs
            sourceInfo
            ;
          _type = "flake";
        };
    in
    {
      inherit outPath sourceInfo;
      result =
        if node.flake or true then
          assert builtins.isFunction flake.outputs;
          result
        else
          sourceInfo // { inherit outPath sourceInfo; };
    }
  ) lock.nodes;
in
nodes.\${lock.root}.result
`;
