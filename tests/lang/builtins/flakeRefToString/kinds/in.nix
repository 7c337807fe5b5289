map builtins.flakeRefToString [
  { type = "indirect"; id = "tools"; ref = "stable"; }
  { type = "github"; owner = "me"; repo = "tools"; ref = "a/b"; dir = "sub"; }
  { type = "github"; owner = "me"; repo = "tools"; rev = "0123456789abcdef0123456789abcdef01234567"; host = "host.example"; }
  { type = "git"; url = "git@host.example:/tools.git"; shallow = true; }
  { type = "tarball"; url = "https://host.example/tools.tar.gz"; lastModified = 7; }
  { type = "path"; path = "/srv/my tools"; revCount = 3; lastModified = 7; }
]
