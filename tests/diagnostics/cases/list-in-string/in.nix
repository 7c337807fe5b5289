let names = [ "a" "b" ]; in "names: ${names}"
