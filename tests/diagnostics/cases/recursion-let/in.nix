let
  version = version;
in
version
