let drv = "/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv"; in
builtins.getContext (builtins.appendContext "s" { ${drv} = { outputs = [ "out" "dev" ]; allOutputs = true; path = true; }; "/nix/store/49wzrq4g65irp42g96ca6ifs8d6yizv9-g" = { path = true; }; })
