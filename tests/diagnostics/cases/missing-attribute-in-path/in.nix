let
  config = { services.nginx.enable = true; };
in
{ on = config.services.ngnix.enable; }
