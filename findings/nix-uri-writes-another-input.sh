#!/usr/bin/env bash
# nix-uri 0.2.0 (crate), flake references: writing what was read can name another input.
#
# `file+https://…/a.tar.gz` is a file that is kept packed; `https://…/a.tar.gz` is a tarball that is
# unpacked. The crate reads the first as a file, writes the second, and reads that as a tarball. (It
# keeps `git+https:` and `hg+https:`, so the layer is dropped for files and tarballs only; for tarballs
# that is harmless when the name ends like an archive's, and turns one without such an ending into a file.)
#
# Needs cargo. Seen with rustc 1.95; C++ Nix 2.36: `builtins.parseFlakeRef` gives type "file" and "tarball".
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
nix-uri = "=0.2.0"
TOML
cat > src/main.rs <<'RUST'
use nix_uri::{FlakeRef, FlakeRefType};

fn kind(reference: &FlakeRef) -> String {
    match reference.kind() {
        FlakeRefType::Resource(resource) => format!("{:?}", resource.res_type),
        _ => "another".into(),
    }
}

fn main() {
    for url in [
        "file+https://example.org/a.tar.gz",
        "tarball+https://example.org/latest",
        "git+https://example.org/a.git",
    ] {
        let read: FlakeRef = url.parse().unwrap();
        let written = read.to_string();
        let again: FlakeRef = written.parse().unwrap();
        println!("{url} ({}) -> {written} ({})", kind(&read), kind(&again));
    }
}
RUST
cargo run -q --release > seen
cat > expected <<'TEXT'
file+https://example.org/a.tar.gz (File) -> https://example.org/a.tar.gz (Tarball)
tarball+https://example.org/latest (Tarball) -> https://example.org/latest (File)
git+https://example.org/a.git (Git) -> git+https://example.org/a.git (Git)
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
