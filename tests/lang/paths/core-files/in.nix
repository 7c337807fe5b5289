# A file that comes with the evaluator is a path in a tree of its own.
let
  file = <nix/fetchurl.nix>;
  missing = <nix/nope>;
  directory = dirOf file;
in
{
  inherit file missing directory;
  above = dirOf directory;
  type = builtins.typeOf file;
  text = toString file;
  name = baseNameOf file;
  canonical = builtins.toPath file;
  joined = file + "/x";
  quoted = builtins.isPath (file + "") && file + "" != file;
  interpolated = builtins.match "/nix/store/.{32}-fetchurl.nix" "${file}" != null;
  json = builtins.toJSON { inherit file; } == builtins.toJSON { file = "${file}"; };
  context = builtins.getContext "${file}" ? "${builtins.unsafeDiscardStringContext "${file}"}";
  copied = builtins.path { path = file; } == "${file}";
  copiedDirectory = builtins.match ".*-source" (builtins.path { path = directory; }) != null;
  renamed = builtins.match ".*-n" (builtins.path { path = file; name = "n"; }) != null;
  flat = builtins.path { path = file; recursive = false; } != "${file}";
  filtered = builtins.filterSource (path: type: builtins.trace "${path} ${type}" true) directory
    == builtins.path { path = directory; };
  listed = builtins.readDir directory;
  kind = map builtins.readFileType [ file directory ];
  exists = map builtins.pathExists [ file directory missing (file + "/x") /fetchurl.nix ];
  hashed = builtins.hashFile "sha256" file == builtins.hashString "sha256" (builtins.readFile file);
  imported = builtins.isFunction (import file);
  scoped = builtins.isFunction (builtins.scopedImport { } file);
  same = import file == import file;
  equal = [ (file == <nix/fetchurl.nix>) (file == missing) (file == /fetchurl.nix) (/fetchurl.nix == file) ];
  less = [ (file < /g) (/a < file) (file < /fetchurl.nix) ];
  found = map (builtins.findFile [ ]) [ "nix/fetchurl.nix" "nix/" "nix/../x" "nix/a/./b" ];
  position = builtins.unsafeGetAttrPos "url" (builtins.functionArgs (import file));
  formals = builtins.attrNames (builtins.functionArgs (import file));
  key = builtins.length (builtins.genericClosure {
    startSet = [ { key = file; } { key = missing; } { key = file; } ];
    operator = item: [ ];
  });
}
