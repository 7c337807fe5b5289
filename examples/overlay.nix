# A package set as a fixed point, and an overlay that changes one of its packages: what nixpkgs is
# built on, in twenty lines.
let
  fix = f: let self = f self; in self;
  extend = overlay: base: self: let super = base self; in super // overlay self super;

  packages = self: {
    version = "1.0";
    library = { name = "library-${self.version}"; };
    program = { name = "program-${self.version}"; needs = [ self.library.name ]; };
  };

  newer = self: super: {
    version = "2.0";
    program = super.program // { patched = true; };
  };
in
fix (extend newer packages)
