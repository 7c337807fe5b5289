let p = builtins.filterSource (path: type: type == "directory" || baseNameOf path != "b.txt") ./tree; in [ p (builtins.getContext p != { }) (builtins.filterSource (p: t: true) ./tree) ]
