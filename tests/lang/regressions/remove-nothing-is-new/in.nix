let set = { a = 1; }; in [ set (removeAttrs set [ "b" ]) ]
