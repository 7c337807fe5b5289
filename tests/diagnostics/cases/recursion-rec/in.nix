rec {
  version = version + ".1";
}.version
