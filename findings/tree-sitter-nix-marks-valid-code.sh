#!/usr/bin/env bash
# tree-sitter-nix 0.3.0 (crate, with tree-sitter 0.25.10), the grammar that editors highlight with, has error
# nodes for three forms that C++ Nix parses (2.8 and 2.36: `nix-instantiate --parse`):
#
# 1. an `inherit` without names, which generated code has: `{ inherit; }`, `{ inherit (a); }`;
# 2. an interpolation directly after the slash of a path below the home directory: `~/${name}`
#    (with a letter between, or after `/` and `./`, it parses);
# 3. in an indented string, three quotes (an escape for two) that one more quote and an interpolation follow.
#
# Needs cargo and a C compiler.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
tree-sitter = "=0.25.10"
tree-sitter-nix = "=0.3.0"
TOML
cat > src/main.rs <<'RUST'
fn main() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_nix::LANGUAGE.into()).unwrap();
    for code in [
        "{ inherit; }",
        "{ inherit (a); }",
        "{ inherit (a) b; }",
        "name: ~/${name}",
        "name: ~/a${name}",
        "name: ./${name}",
        "b: ''a''''${b}''",
        "b: ''a'''b'${b}''",
    ] {
        let tree = parser.parse(code, None).unwrap();
        println!("{code}  {}", if tree.root_node().has_error() { "error" } else { "ok" });
    }
}
RUST
cargo run -q --release > seen
cat > expected <<'TEXT'
{ inherit; }  error
{ inherit (a); }  error
{ inherit (a) b; }  ok
name: ~/${name}  error
name: ~/a${name}  ok
name: ./${name}  ok
b: ''a''''${b}''  error
b: ''a'''b'${b}''  ok
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
