builtins.fetchurl { url = "https://host.example/x"; hash = ""; }
