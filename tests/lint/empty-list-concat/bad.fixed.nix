xs: {
  a = xs;
  b = xs;
  c = xs ++ xs;
  d = (xs);
  e = [ /* none */ ] ++ xs;
}
