{
  description = "A project with a build matrix";
  outputs =
    { self }:
    {
      githubActions.matrix.include = map (os: { inherit os; }) [
        "ubuntu-latest"
        "macos-latest"
      ];
    };
}
