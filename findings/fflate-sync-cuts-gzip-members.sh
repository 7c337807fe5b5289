#!/usr/bin/env bash
# fflate 0.8.3 (npm) on a gzip file of two members, which the format allows (RFC 1952, section 2.2) and
# which `cat a.gz b.gz`, bgzip and some tarball servers produce.
#
# `gunzipSync` and `decompressSync` unpack the first member only, into a buffer whose length they take from
# the last member's trailer: the first text is cut when the last one is shorter. They throw nothing. The
# streaming `Gunzip` of the same package returns all members whole.
#
# Needs Node and npm. Seen with Node 20.20; `node:zlib` returns both members.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . fflate@0.8.3 >/dev/null
cat > seen.mjs <<'JS'
import { gunzipSync as zlib, gzipSync } from "node:zlib";
import { decompressSync, Gunzip, gunzipSync } from "fflate";

for (const texts of [["first|", "2nd|"], ["1st|", "second|"]]) {
  const file = new Uint8Array(Buffer.concat(texts.map((text) => gzipSync(text))));
  const streamed = [];
  new Gunzip((chunk) => streamed.push(chunk)).push(file, true);
  const row = [zlib(file), gunzipSync(file), decompressSync(file), Buffer.concat(streamed)];
  console.log(row.map((bytes) => JSON.stringify(Buffer.from(bytes).toString())).join(" "));
}
JS
node seen.mjs > seen
cat > expected <<'TEXT'
"first|2nd|" "firs" "firs" "first|2nd|"
"1st|second|" "1st|" "1st|" "1st|second|"
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
