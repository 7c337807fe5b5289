let f = { a, b ? 2 }: a + b; in f 1
