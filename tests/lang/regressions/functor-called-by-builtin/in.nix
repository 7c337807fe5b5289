let
  add = {
    __functor = self: x: y: x + y + self.more;
    more = 100;
  };
  partial = { __functor = _: builtins.add; };
  nested = {
    __functor = _: _: { __functor = _: builtins.sub 10; };
  };
in
{
  fold = builtins.foldl' add 0 [ 1 2 3 ];
  foldPartial = builtins.foldl' partial 0 [ 1 2 3 ];
  foldNested = builtins.foldl' nested 0 [ 1 2 3 ];
  foldBuiltin = builtins.foldl' (builtins.elemAt [ (if true then x: x * 2 else 1) ]) 0 [ 21 ];
  sort = builtins.sort { __functor = _: builtins.lessThan; } [ 3 1 2 ];
  mapAttrs = builtins.mapAttrs { __functor = _: name: value: name + value; } { a = "b"; };
  zip = builtins.zipAttrsWith { __functor = _: _: builtins.length; } [ { a = 1; } { a = 2; } ];
  caught = builtins.tryEval (builtins.foldl' { __functor = _: _: throw "first"; } 0 [ 1 2 ]);
}
