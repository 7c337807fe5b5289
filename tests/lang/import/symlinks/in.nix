# Relative paths begin where the file was found, not where a symlink leads.
let
  where = scope: path: builtins.scopedImport scope path;
  show = file: [ file.name (toString file.here) file.at (import file.sibling) ];
in
{
  # The default.nix of a directory is not followed, ...
  default = show (import ./linked);
  scoped = show (where { } ./linked);
  searched = show (import <m>);
  # ... nor is a symlink on the way to it; ...
  directory = show (import ./way);
  inside = show (import ./way/default.nix);
  # ... but a path that is a symlink itself is, link by link.
  file = show (import ./file.nix);
  chain = show (import ./chain.nix);
  named = show (import ./linked/default.nix);
  # A target goes on from the name of the directory in which the symlink was found.
  middle = import ./way-in/up.nix;
  # A file is the same however it was found, ...
  again = import ./way == import ./way;
  # ... and readFile, readDir and pathExists follow what the path says.
  text = builtins.readFile ./linked/sibling.nix;
  exists = map builtins.pathExists [ ./dangling.nix ./dangling.nix/x ./way-in/up.nix ];
  types = builtins.mapAttrs (name: type: [ type (builtins.readFileType (./linked + "/${name}")) ]) (builtins.readDir ./linked);
}
