# JSON both ways: a document of some megabytes, strings with escapes, numbers, nested sets.
let
  entry = i: {
    id = i;
    name = "entry \"${toString i}\"\n\ttab";
    price = builtins.bitAnd i 255 + 0.25;
    tags = [
      "a"
      "b${toString i}"
      null
      true
    ];
    nested = {
      inherit i;
      deeper = {
        list = builtins.genList (k: k) 5;
      };
    };
  };
  document = { entries = builtins.genList entry 48000; };
  text = builtins.toJSON document;
  back = builtins.fromJSON text;
in
{
  size = builtins.stringLength text;
  same = builtins.toJSON back == text;
  sum = builtins.foldl' (sum: e: sum + e.nested.i + e.id) 0 back.entries;
  hash = builtins.hashString "sha256" (builtins.toJSON (builtins.map (e: e.tags) back.entries));
  xml = builtins.stringLength (builtins.toXML (builtins.genList entry 12000));
}
