map builtins.parseDrvName [ "hello-2.10" "nix-0.12pre1876" "no-version" "a-b-1-c" "a-1.2-dev" "" "x-" "-1" "a--1" "1-2" ]
