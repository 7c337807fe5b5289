map builtins.parseFlakeRef [
  "tools"
  "tools/stable"
  "github:me/tools/a/b?dir=sub%20dir"
  "gitlab:me/tools/0123456789abcdef0123456789abcdef01234567"
  "git+ssh://git@host.example/tools.git?ref=main&shallow=1&submodules=0"
  "git+file:///srv/tools?rev=0123456789abcdef0123456789abcdef01234567"
  "hg+https://host.example/tools?ref=x"
  "https://host.example/tools.tar.gz?token=1&lastModified=7"
  "file+https://host.example/tools.txt"
  "path:/srv/tools?revCount=3"
  "/srv/my tools"
]
