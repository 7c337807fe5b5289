rec {
  mapOnce = f: list: map (x: f x) list;
  mapTwice = f: list: builtins.deepSeq (mapOnce f list) (mapOnce f list);
}
