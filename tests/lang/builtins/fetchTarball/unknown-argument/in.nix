builtins.fetchTarball { url = "https://host.example/x"; hash = ""; }
