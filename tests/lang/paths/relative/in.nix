let base = toString ./.; strip = p: builtins.substring (builtins.stringLength base) (-1) (toString p); in
map strip [ ./. ./a ./a/b ./a/../b a/b ./a.b-c_d+e ./a/./. ./.hidden ]
