xs: {
  a = [ 1 ] ++ xs;
  b = xs ++ xs;
  c = [ ];
  d = [ [ ] ] ++ xs;
}
