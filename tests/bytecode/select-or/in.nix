a: a.b.${a.c} or (a.d or 1)
