{ a, b }:
if a = b then 1 else 2
