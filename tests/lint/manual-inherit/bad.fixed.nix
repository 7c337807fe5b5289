x: y: {
  inherit x;
  inherit "y";
}
