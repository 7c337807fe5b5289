lib: pkgs: [
  (with lib; id)
  (with pkgs; with lib; id)
  (with lib; { inherit id; })
  (with lib; x: y: id)
  (with lib; let a = id; in a)
  (with lib; (let b = id; in 1))
]
