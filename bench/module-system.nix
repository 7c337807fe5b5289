# A small module system: options with types, definitions merged with priorities, conditions, submodules.
let
  inherit (builtins) attrNames concatMap filter foldl' genList head isAttrs isBool isFunction isInt isString length map mapAttrs;
  optionalAttr = name: set: if set ? ${name} then [ set.${name} ] else [ ];

  mkOption = o: o // { _type = "option"; };
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  typeOf = v: if isAttrs v then v._type or "set" else builtins.typeOf v;

  # Definitions with the conditions taken out: a list of plain values.
  discharge =
    v:
    if typeOf v == "if" then
      (if v.condition then discharge v.content else [ ])
    else if typeOf v == "merge" then
      concatMap discharge v.contents
    else
      [ v ];
  # Only the definitions with the highest priority.
  strongest =
    values:
    let
      priorityOf = v: if typeOf v == "override" then v.priority else 100;
      best = foldl' (p: v: if priorityOf v < p then priorityOf v else p) 9999 values;
    in
    map (v: if typeOf v == "override" then v.content else v) (filter (v: priorityOf v == best) values);
  # A set that only becomes known when conditions are, split into definitions of its attributes.
  pushDown =
    v:
    if typeOf v == "if" then
      map (mapAttrs (n: mkIf v.condition)) (pushDown v.content)
    else if typeOf v == "merge" then
      concatMap pushDown v.contents
    else
      [ v ];

  one = path: values: if length values == 1 then head values else throw "${path} is defined several times";
  checked = name: check: merge: {
    inherit name merge;
    check = path: v: if check v then v else throw "${path} is not of type ${name}";
  };
  types = rec {
    int = checked "int" isInt one;
    bool = checked "bool" isBool one;
    str = checked "str" isString one;
    lines = checked "lines" isString (path: builtins.concatStringsSep "\n");
    listOf = elem: checked "list of ${elem.name}" builtins.isList (
      path: values: map (v: elem.merge path [ (elem.check path v) ]) (builtins.concatLists values)
    );
    attrsOf = elem: checked "set of ${elem.name}" isAttrs (
      path: values:
      builtins.zipAttrsWith (name: mergeDefinitions "${path}.${name}" elem) (concatMap pushDown values)
    );
    submodule = module: checked "submodule" (v: isAttrs v || isFunction v) (
      path: values: (evalModules path ([ module ] ++ map (v: { config = v; }) values)).config
    );
  };
  mergeDefinitions =
    path: type: definitions:
    let
      values = strongest (concatMap discharge definitions);
    in
    type.merge path (map (type.check path) values);

  evalModules =
    path: modules:
    let
      closed = map (m: if isFunction m then m { inherit (result) config; } else m) modules;
      imported = concatMap (m: [ m ] ++ map (i: if isFunction i then i { inherit (result) config; } else i) (m.imports or [ ])) closed;
      optionSets = concatMap (optionalAttr "options") imported;
      definitionSets = concatMap pushDown (concatMap (optionalAttr "config") imported);
      evalTree =
        path: options: definitions:
        let
          declared = builtins.zipAttrsWith (n: vs: vs) options;
          defined = builtins.zipAttrsWith (n: vs: vs) definitions;
          unknown = filter (n: !(declared ? ${n})) (attrNames defined);
        in
        if unknown != [ ] then
          throw "the option ${path}.${head unknown} does not exist"
        else
          mapAttrs (
            name: declarations:
            let
              here = "${path}.${name}";
              definitions = defined.${name} or [ ];
              option = head declarations;
            in
            if typeOf option == "option" then
              mergeDefinitions here option.type (
                definitions ++ (if option ? default then [ (mkOverride 1500 option.default) ] else [ ])
              )
            else
              evalTree here declarations (concatMap pushDown definitions)
          ) declared;
      result.config = evalTree path optionSets definitionSets;
    in
    result;

  service = i: { config }: {
    options.services."service${toString i}" = {
      enable = mkOption { type = types.bool; default = false; };
      port = mkOption { type = types.int; };
      settings = mkOption { type = types.attrsOf types.str; default = { }; };
      hosts = mkOption {
        type = types.attrsOf (types.submodule {
          options.root = mkOption { type = types.str; default = "/var/www"; };
          options.aliases = mkOption { type = types.listOf types.str; default = [ ]; };
        });
        default = { };
      };
    };
    config = mkMerge [
      { services."service${toString i}".port = mkDefault (8000 + i); }
      (mkIf config.services."service${toString i}".enable {
        environment.lines = "service ${toString i} at ${toString config.services."service${toString i}".port}";
        environment.names = [ "s${toString i}" ];
      })
    ];
  };
  user = i: {
    config.services."service${toString i}" = {
      enable = mkIf (builtins.bitAnd i 3 != 0) true;
      port = mkIf (builtins.bitAnd i 7 == 1) (mkForce (9000 + i));
      settings = { level = "info"; name = mkDefault "name ${toString i}"; };
      hosts."host${toString i}".aliases = [ "a${toString i}" ];
      hosts.common = mkIf (builtins.bitAnd i 1 == 0) { root = "/srv/${toString i}"; };
    };
  };
  count = 5000;
  base = {
    options.environment.lines = mkOption { type = types.lines; default = ""; };
    options.environment.names = mkOption { type = types.listOf types.str; default = [ ]; };
  };
in
(evalModules "config" ([ base ] ++ genList service count ++ genList user count)).config
