builtins.path { path = throw "path"; name = throw "name"; }
