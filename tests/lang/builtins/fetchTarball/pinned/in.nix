let
  pinned = { url = "https://host.example/x.tar.gz"; sha256 = "1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"; };
  path = builtins.fetchTarball pinned;
in [
  path
  (builtins.fetchTarball (pinned // { url = "https://elsewhere.example"; }) == path)
  (builtins.fetchTarball (pinned // { name = "named"; }))
  (builtins.getContext path == { ${builtins.unsafeDiscardStringContext path} = { path = true; }; })
]
