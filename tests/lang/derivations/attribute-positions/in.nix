let
  drv = derivation { name = "a"; builder = "b"; system = "s"; outputs = [ "out" "dev" ]; };
  place = name: set:
    let pos = builtins.unsafeGetAttrPos name set;
    in if pos == null then null else [ pos.file pos.line pos.column ];
  places = set: builtins.mapAttrs (name: _: place name set) set;
  own = set: builtins.removeAttrs (places set) [ "name" "builder" "system" "outputs" ];
  fetched = import <nix/fetchurl.nix> {
    url = "http://localhost/x";
    sha256 = "0000000000000000000000000000000000000000000000000000";
  };
  impure = import <nix/fetchurl.nix> { url = "http://localhost/x"; impure = true; };
in
{
  whole = builtins.unsafeGetAttrPos "outPath" drv;
  first = own drv;
  sameForOutput = own drv.dev == own drv && own (builtins.elemAt drv.all 1) == own drv;
  fetched = places fetched.drvAttrs;
  impure = place "__impure" impure.drvAttrs;
  formals = places (builtins.functionArgs (import <nix/fetchurl.nix>));
  derivation = places (builtins.functionArgs derivation);
  others = map (name: place name { inherit (drv) name; }) [ "name" "missing" ] == [ null null ];
}
