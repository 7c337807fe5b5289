# Functions of functions, called with fewer, as many and more arguments than they have.
let
  two = a: b: [ a b ];
  three = a: b: c: { inherit a b c; };
  seven = a: b: c: d: e: f: g: [ a b c d e f g ];
  formals = a: { b, c ? a + b, ... }@rest: d: [ a b c d rest ];
  outer = 10;
  captures = a: b: let x = a + outer; in map (y: x + y + b);
  shadows = a: a: b: [ a b ];
  returns = a: b: if a then (c: [ b c ]) else throw "never";
  lazy = a: b: a;
  recursive = n: acc: if n == 0 then acc else recursive (n - 1) (acc + n);
  withs = set: b: with set; [ inside b ];
  partial = three 1;
  morePartial = partial 2;
in
{
  a = two 1 2;
  b = three 1 2 3;
  c = [ (partial 5 6) (partial 7 8) (morePartial 3) ];
  d = seven 1 2 3 4 5 6 7;
  e = (seven 1 2 3) 4 5 6 7;
  f = formals 1 { b = 2; z = 0; } 3;
  g = formals 1 { b = 2; c = 5; } 3;
  h = captures 1 2 [ 3 4 ];
  i = shadows 1 2 3;
  j = returns true 2 3;
  k = lazy 1 (throw "not needed");
  l = recursive 1000 0;
  m = withs { inside = 1; } 2;
  n = builtins.foldl' two 0 [ 1 2 ];
  o = (builtins.mapAttrs three { x = 1; }).x 2;
  p = builtins.sort (a: b: b < a) [ 1 3 2 ];
  q = builtins.functionArgs (formals 1);
  r = builtins.tryEval (returns false 1 2);
}
