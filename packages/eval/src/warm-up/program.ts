/**
 * The program of the warm-up (`warm-up.ts`): every instruction, with each kind of operand for which
 * the machine has a path of its own, and calls of every kind, from code and from builtins. It
 * leaves out what evaluation rarely does and what would make the host load something.
 *
 * `lists` has V8's kinds of arrays, for small integers or not, with holes or without; the values of
 * `packed` have no holes. The lists of fifty numbers make functions hot enough to be translated. V8 notes the types of the
 * operands only after a function has run for a while, so the operators come last: most are cases of
 * one function of the machine (docs/design/007-warm-up.md).
 */
export const WARM_UP_NIX = `let
  b = builtins;

  # Thunks of the commonest values: what a literal is need not be forced.
  same = x: x;
  yes = same true;
  no = same false;
  one = same 1;
  half = same 0.5;
  text = same "s";
  built = b.appendContext "c" { "/nix/store/00000000000000000000000000000000-x".path = true; };
  dir = same /a;
  list = [ one 2 (same 3) ];
  texts = [ "b" ];
  many = b.genList same 50;
  lists = [ [ ] [ 1 2 ] list (b.tail [ 1 2 ]) (b.filter never [ 1 ]) (b.filter (x: x > 1) [ 1 2 ]) (b.filter (x: x > one) list) ];

  # Sets: small ones, one with an index, layers upon it, one that refers to itself.
  small = { a = 1; b = same 2; s = text; inherit one; };
  large = b.listToAttrs (b.genList (i: { name = "n\${toString i}"; value = i; }) 20);
  layered = large // small // { z = same 1; };
  packed = b.intersectAttrs { a = 1; b = 1; s = 1; } small;
  deepPacked = b.intersectAttrs { a = 1; } { a = packed; };
  knot = rec { x = one; y = x + z; z = { inherit x; }.x; };
  nested = { a.b.c = one; a.d = same small; };
  functor = { __functor = self: x: x; };
  printable = { __toString = self: "p"; };
  output = { outPath = text; };
  pick = set: set.a;
  pickDeep = set: set.a.b;
  pickName = name: set: set.\${name};
  pickOr = name: set: set.\${name} or one;

  # Functions of every form.
  always = x: yes;
  never = x: no;
  open = { a, b ? a, ... }@args: [ a b args ];
  closed = { a, b ? 2, c ? same 3 }: a + b + c;
  two = a: b: a + b;
  three = a: b: c: [ a b c ];
  five = a: b: c: d: e: f: [ a b c d e f ];
  closures = b.map (x: let y = x + 1; z = same y; w = same z; in v: x + y + z + w + v) list;
  partial = [ (b.substring 0) (b.substring one) (b.replaceStrings list) (b.replaceStrings [ "b" ]) ];

  loop = i: total: if i < 1 then total else loop (i - 1) (total + i);
  fib = i: if i < 2 then i else fib (i - 1) + fib (i - 2);
  deep = i: if i == 0 then [ ] else [ i ] ++ deep (i - 1);
  lazy = b.foldl' (set: x: { inherit x; n = set.n or 0 + x; }) { } many;
  grown = b.genericClosure {
    startSet = [ { key = one; } ];
    operator = item: if item.key < 50 then [ { key = item.key + 1; } ] else [ ];
  };

  round = n: [
    # Sets
    (small // { q = n; }) (large // small) (small // large) (large // { n1 = 2; } // { q = 1; }) ({ } // small) (small // { }) (packed // small) (small // packed) (large // packed) (packed // { q = one; })
    (b.map pick [ small small layered (large // small) { a = one; } { a = one; } ])
    (b.map pick [ packed packed small packed ]) (b.map (set: set.a.a) [ { a = packed; } { a = packed; } deepPacked deepPacked { a = small; } ])
    (b.map pickDeep [ nested nested { a = layered; } { a = small; } { a = { b = same 1; }; } { a = { b = same 2; }; } ])
    (b.map (pickName "a") [ small layered ]) (b.map (pickName text) [ small { s = one; } { s = same 1; } ]) (b.map (pickOr "a") [ { a = same 1; } packed ]) (b.map (f: f "one" small) [ pickName pickOr pickName pickOr ]) (b.map (pickOr (same "a")) [ small large layered n ])
    small.one small.b (small.q or n) (small.a.b or 3) (small.b or 1) nested.a.b.c (nested.a.x.c or 2) nested.a.d.b
    layered.n3 layered.a layered.z (layered.q or 1) (layered.z or 1) lazy.n lazy.x knot.y knot.z
    (small ? a) (small ? q) (small ? \${text}) (small ? \${same "q"}) (one ? \${text}) (nested ? a.b.c) (nested ? a.x) (layered ? n5) (layered ? q) (one ? a) (one.a or 2)
    (with small; s + s) (with large; with small; n3 + one) (with knot; z) (with layered; n7) (with same small; s) (with same small; with same large; n4 + one)
    (let inherit (small) a b; in a + b) (let inherit (layered) n2; in n2)

    # Calls
    (open { a = 1; }) (open { a = one; b = 3; z = 1; }) (open layered) (closed { a = n; }) (closed { a = 1; b = one; })
    (two 1 n) (two one 1) ((two n) 1) (three one 2 n) ((three 1) 2 n) (b.map (three 1 n) list) (five 1 2 3 4 5 n) (b.map (five 1 2) list)
    (functor n) (b.map functor list) (b.map (f: f n) closures) (let a = n; f = x: a + x + one; in f a)
    (b.add 1 n) (b.map (b.add n) list) (b.map (f: f one) partial) (b.map (f: f [ "a" ]) partial) (b.elemAt list 0) (b.elemAt (same list) (same 1)) (b.elemAt (same list) (same 0)) (b.head (same list)) (b.break n)
    (b.concatMap (x: [ x n ]) list) (b.all (x: x > 0) list) (b.any (x: x > 2) list) (b.genList (x: x * n) 3) (b.elem n list)
    (b.map (same pick) [ small ]) (b.map same [ ]) (b.filter (same always) list) (b.filter always [ ]) (b.sort (same b.lessThan) list)
    (b.zipAttrsWith (name: v: [ name v ]) [ small (same large) ])
    (b.mapAttrs (name: v: [ name v n ]) small) (b.attrNames layered) (b.attrValues small)
    (b.removeAttrs layered [ "a" ]) (b.intersectAttrs small layered)
    (b.concatStringsSep "," [ "a" text ]) (toString [ n text yes null ]) (toString printable) (b.typeOf n) (b.isAttrs (same small))
    (b.tryEval (throw text)).success (b.tryEval (assert no; 1)).success (b.seq (same list) n) (b.deepSeq (same small) n)

    # Lists of all kinds
    (b.map (f: b.map f lists) [
      b.length (b.map same) (b.filter always) (b.concatMap (x: [ x ])) (b.foldl' (x: y: y) 0) (l: b.concatLists [ l list ])
    ])
    (b.zipAttrsWith (name: v: v) [ packed layered ]) (b.catAttrs "a" [ small packed (same layered) ])

    # Hot functions, called by code, by builtins and by one another
    (loop 50 n) (fib 9) (b.length grown) (b.tryEval (b.length (deep 50))).success
    (b.map (x: same x + n) many) (b.filter (x: x < n) many) (b.sort (x: y: y < x) many)
    (b.foldl' (x: y: x + y) 0 many) (b.foldl' two 0 many)

    # Numbers, texts, paths
    (one + n) (one - n) (one * 2) (4 / one) (-one) (half + 1) (1 - half) (half * 2) (half / one) (-half)
    (one < 2) (one <= n) (one > 2) (one >= 2) (half < 1) (1 < half) (text < "t") (list < list)
    (one == 1) (one != n) (half == one) (text == "s") (dir == /a) (list == [ 1 2 3 ]) (null == one)
    (small == small) (small != large) (same == same) ({ a = list; } == { a = [ 1 ]; })
    (text + "t") (text + output) (output + "t") ({ outPath = "a"; } + "t") (printable + "t") (dir + "/b") (dir + text) (/. + text) "a\${text}b" "\${text}" "\${output}\${printable}"
    /a/\${text}/b "\${built}" "a\${built}\${text}" "\${text}\${built}\${built}" (built + text) (text + built) (built == text) (built < text)
    (toString [ built text ]) (b.concatStringsSep "," [ built "a" built ]) (b.substring 0 1 built)

    # Conditions
    (yes && no) (yes || no) (no && yes) (no || yes) (no -> yes) (yes -> no) (!no)
    (if yes then 1 else 2) (if no then 1 else 2) (assert yes; 1) (assert one == n || yes; 1)

    # Lists, of numbers, of others, of both
    (list ++ list) ([ ] ++ list) (list ++ [ ]) ([ 1 ] ++ texts) (texts ++ many) (many ++ [ 0.5 ])
    (b.tail list ++ [ n ]) (b.filter always list ++ [ 1 ])
    (b.attrNames large ++ list) (list ++ b.attrNames large) (b.attrNames large ++ b.attrValues large) (b.attrValues small ++ texts)
    (b.map (l: l ++ list) lists) (b.map (l: list ++ l) lists)

    # Sets with computed names
    { \${text} = n; } { \${text} = x: n; } { \${if yes then null else text} = n; } { "x\${text}" = one; a = 2; } (rec { \${text} = a; a = one; })
  ];
in
b.deepSeq (round 1) null
`;
