let ones = [ 1 ] ++ ones; nat = n: { head = n; tail = nat (n + 1); }; in [ (nat 0).tail.tail.tail.head ]
