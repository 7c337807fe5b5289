let x = 2; in (1 + x) * 3 - 4 / -x <= 5
