let
  package = { name = "hello"; };
in
"package ${package}"
