builtins.fetchClosure { fromStore = "https://example.invalid"; fromPath = "/nix/store/x93g3gvygaiq7h4b6zls3w7l5az1y526-f"; }
