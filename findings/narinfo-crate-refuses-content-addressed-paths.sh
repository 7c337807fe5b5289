#!/usr/bin/env bash
# narinfo 1.0.1 (crate), the parser of binary caches' metadata, on two kinds of records that every cache serves.
#
# 1. A record of a content-addressed path has a line `CA:` (sources, the outputs of fetchers, texts).
#    The crate knows neither that key nor a way to skip a key: the whole record is an error, although
#    C++ Nix skips keys that it does not know.
# 2. A path without references has the line `References: ` (C++ Nix writes it even when it is empty).
#    The crate reads one reference, the empty string, instead of none.
#
# Needs cargo. Seen with rustc 1.95.
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
narinfo = "=1.0.1"
TOML
cat > src/main.rs <<'RUST'
use narinfo::NarInfo;

const HEAD: &str = "StorePath: /nix/store/00000000000000000000000000000000-source
URL: nar/1impfw8zdgisxkghq9a3q7cn7jb9zyzgxdydiamp8z2nlyyl0h5h.nar
Compression: none
NarHash: sha256:1impfw8zdgisxkghq9a3q7cn7jb9zyzgxdydiamp8z2nlyyl0h5h
NarSize: 120
References: 
";

fn main() {
    let addressed = format!(
        "{HEAD}CA: fixed:r:sha256:1impfw8zdgisxkghq9a3q7cn7jb9zyzgxdydiamp8z2nlyyl0h5h\n"
    );
    println!("{:?}", NarInfo::parse(&addressed).err());
    println!("{:?}", NarInfo::parse(HEAD).unwrap().references);
}
RUST
cargo run -q --release > seen
cat > expected <<'TEXT'
Some(UnknownKey { key: "CA" })
[""]
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
