{ a, b, c ? 1, d ? c, ... }:
{ e }@_all:
a
