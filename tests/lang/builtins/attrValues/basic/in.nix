[ (builtins.attrValues { b = 1; a = 2; "10" = 3; }) (builtins.attrValues { }) ]
