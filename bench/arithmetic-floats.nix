# Arithmetic of floating-point numbers: the escape times of a small Mandelbrot set.
let
  escape =
    cr: ci: zr: zi: n:
    if n == 0 || zr * zr + zi * zi > 4.0 then
      n
    else
      escape cr ci (zr * zr - zi * zi + cr) (2.0 * zr * zi + ci) (n - 1);
  row =
    y:
    builtins.foldl' (sum: x: sum + escape (x / 100.0 - 2.0) (y / 100.0 - 1.0) 0.0 0.0 50) 0 (
      builtins.genList (x: x) 300
    );
in
builtins.map row (builtins.genList (y: y) 200)
