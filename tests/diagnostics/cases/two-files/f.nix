{ a }:
a.b.c
