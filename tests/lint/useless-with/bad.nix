lib: f: [
  (with lib; f 1)
  (with lib;
    map f [ ])
  (with throw "never"; with lib; 1)
  (with lib; /* why */ f)
  (with{};f)
  (with lib; let id = 1; in id)
  # The inner one is enough for all names.
  (with (with lib; id); f)
]
