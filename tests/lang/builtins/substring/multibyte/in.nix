builtins.map (i: builtins.stringLength (builtins.substring i 1 "aé")) [ 0 1 2 3 ]
