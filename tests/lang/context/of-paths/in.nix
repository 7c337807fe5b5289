let p = "${./file.txt}"; in [ p (builtins.getContext p) (builtins.getContext (toString ./file.txt)) ]
