{ version }:
fetchFromGitHub { rev = version; }
