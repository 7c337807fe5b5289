x: y: {
  x = x;
  "y" = y;
}
