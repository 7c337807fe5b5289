{
  a.x = 1;
  a.y = 2;
  b = { x = 1; y = 2; z = 3; };
  c = rec {
    d.x = 1;
    d.y = 2;
    d.z = 3;
  };
}
