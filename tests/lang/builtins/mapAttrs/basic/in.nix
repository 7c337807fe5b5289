[ (builtins.mapAttrs (n: v: "${n}=${toString v}") { b = 1; a = 2; }) (builtins.mapAttrs 1 { }) (builtins.attrNames (builtins.mapAttrs (throw "lazy") { x = 1; })) ]
