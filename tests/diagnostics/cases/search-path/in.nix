import <nixpkgs/lib>
