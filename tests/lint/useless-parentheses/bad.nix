x: {
  a = (x 1);
  b = ("text") + (x) + (1);
  c = ([ ]);
  d = ({ }).e or (null);
  f = x ((1 + 2) * 3) ((x 1));
  g = let h = 1; in (h + 1);
  i = if(x)then(1)else(2);
  j = [ (x) ("a${x}") ];
  ${(x)} = ( /* kept */ x );
  k = (y: y);
}
