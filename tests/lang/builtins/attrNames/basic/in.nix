[ (builtins.attrNames { b = 1; a = throw "lazy"; "10" = 1; }) (builtins.attrNames { }) ]
