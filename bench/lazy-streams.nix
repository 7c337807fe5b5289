# Infinite streams: primes by trial division, Fibonacci numbers, merging; only what is asked for.
let
  from = n: {
    head = n;
    tail = from (n + 1);
  };
  take =
    n: stream:
    if n == 0 then [ ] else [ stream.head ] ++ take (n - 1) stream.tail;
  filter =
    p: stream:
    if p stream.head then
      {
        inherit (stream) head;
        tail = filter p stream.tail;
      }
    else
      filter p stream.tail;
  map = f: stream: {
    head = f stream.head;
    tail = map f stream.tail;
  };
  merge =
    a: b:
    if a.head < b.head then
      {
        inherit (a) head;
        tail = merge a.tail b;
      }
    else if b.head < a.head then
      {
        inherit (b) head;
        tail = merge a b.tail;
      }
    else
      {
        inherit (a) head;
        tail = merge a.tail b.tail;
      };
  # Hamming's numbers: 2^i 3^j 5^k in order, each stream defined by itself.
  hamming = {
    head = 1;
    tail = merge (map (x: 2 * x) hamming) (merge (map (x: 3 * x) hamming) (map (x: 5 * x) hamming));
  };
  isMultiple = p: n: n == p * (n / p);
  sieve = stream: {
    inherit (stream) head;
    tail = sieve (filter (n: !(isMultiple stream.head n)) stream.tail);
  };
  nth = n: stream: if n == 0 then stream.head else nth (n - 1) stream.tail;
in
[
  (take 900 (sieve (from 2)))
  (nth 9000 hamming)
  (nth 9000 (filter (isMultiple 7) (from 1)))
]
