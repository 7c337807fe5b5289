map (entry: builtins.attrNames entry) builtins.nixPath
