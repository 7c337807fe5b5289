#!/usr/bin/env bash
# deadnix 1.3.1 (crate) takes bindings as unused whose name stands nowhere in the text but that the language
# looks up by name: `<x>` calls the `__findFile` in scope, `a - b` the `__sub`, `a * b` the `__mul`,
# `a < b` the `__lessThan`. `deadnix --edit` deletes them, and the program means something else without any error.
# (Libraries that redefine `<…>` by a `__findFile` in scope are written exactly so. Names with one leading
# underscore are kept by `--no-underscore`; it helps here as well, but is off by default.)
#
# Needs cargo and, to show the two values, C++ Nix (`nix-instantiate`; 2.8 and 2.36 give the same).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cargo install -q --locked --root "$work/cargo" --version 1.3.1 deadnix 2> cargo.log || { cat cargo.log; exit 1; }
export NIX_REMOTE=dummy:// NIX_CONFIG="build-users-group ="
show() { printf '%s => %s\n' "$(tr '\n' ' ' < "$1")" "$(nix-instantiate --eval --strict "$1" 2>&1 | tail -n 1)"; }
{
  echo 'let __findFile = path: name: "found ${name}"; in <settings>' > file.nix
  show file.nix
  cargo/bin/deadnix -q --edit file.nix
  printf '%s\n' "$(cat file.nix)"
  echo 'let __sub = a: b: "${toString a} less ${toString b}"; in 3 - 2' > file.nix
  show file.nix
  cargo/bin/deadnix -q --edit file.nix
  show file.nix
  echo 'let __sub = a: b: "kept"; in 3 - 2' > file.nix
  cargo/bin/deadnix -q --no-underscore --edit file.nix
  show file.nix
} > seen
cat > expected <<'TEXT'
let __findFile = path: name: "found ${name}"; in <settings>  => "found settings"
<settings>
let __sub = a: b: "${toString a} less ${toString b}"; in 3 - 2  => "3 less 2"
3 - 2  => 1
let __sub = _a: _b: "kept"; in 3 - 2  => "kept"
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
