x: y: {
  a.x = x;
  y = x;
  z = rec { y = 1; x = y; };
}
