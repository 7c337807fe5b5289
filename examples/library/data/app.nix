# The configuration of a program that is written in JavaScript.
let
  domain = "example.org";
in
{
  port = 8000 + 80;
  hosts = map (name: "${name}.${domain}") [
    "www"
    "api"
  ];
}
