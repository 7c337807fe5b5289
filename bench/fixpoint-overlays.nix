# A package set as nixpkgs makes it: a fixed point of 600 overlays, `callPackage`, overriding.
let
  fix =
    f:
    let
      x = f x;
    in
    x;
  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;
  callWith =
    scope: function: args:
    makeOverridable function (builtins.intersectAttrs (builtins.functionArgs function) scope // args);
  makeOverridable =
    function: args:
    function args
    // {
      override = changes: makeOverridable function (args // changes);
    };
  packages = 600;
  base = final: {
    callPackage = callWith final;
    version = "1.0";
    lib = {
      concat = builtins.concatStringsSep "-";
    };
  };
  overlay =
    i: final: prev:
    builtins.listToAttrs (
      builtins.genList (
        k:
        let
          name = "package${toString k}";
          previous = "package${toString (k - 1)}";
        in
        {
          inherit name;
          value =
            if i == 0 then
              final.callPackage (
                {
                  lib,
                  version,
                  patches ? [ ],
                }:
                {
                  id = lib.concat [
                    name
                    version
                    (toString (builtins.length patches))
                  ];
                  depends = if k == 0 then [ ] else [ final.${previous}.id ];
                }
              ) { }
            else
              prev.${name}.override { patches = builtins.genList (p: p) i; };
        }
      ) packages
    )
    // {
      version = "${prev.version}.${toString i}";
    };
  set = fix (builtins.foldl' (f: o: extends o f) base (builtins.genList overlay 600));
in
builtins.genList (k: {
  inherit (set."package${toString k}") id depends;
}) packages
