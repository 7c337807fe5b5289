builtins.fetchurl {
  url = "https://host.example/some/file.txt";
  sha256 = "sha256-9OPQbXjcjGZgmuJF0YUlFKo2TOzUWdqzAJIBlqz1fEM=";
}
