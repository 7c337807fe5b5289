map builtins.splitVersion [ "1.2.3" "1.2pre3" "1-a.b" "" "." "a1b2" "2.0-rc.1" ]
