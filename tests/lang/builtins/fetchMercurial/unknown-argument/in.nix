builtins.fetchMercurial { url = "https://host.example/x"; branch = "y"; }
