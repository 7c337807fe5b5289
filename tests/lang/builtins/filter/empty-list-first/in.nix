[ (builtins.filter (throw "unused") [ ]) (builtins.sort (throw "unused") [ ]) (map (throw "unused") [ ]) ]
