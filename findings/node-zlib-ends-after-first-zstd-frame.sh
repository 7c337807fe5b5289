#!/usr/bin/env bash
# node:zlib of Node 22.23.3 and 24.21.0 (npm package `node`) on zstd data of two frames, which the format
# allows (RFC 8878, section 3.1) and which `cat a.zst b.zst` and pzstd produce, for binary caches of Nix too.
#
# `zstdDecompressSync` and `createZstdDecompress` return the content of the first frame only if it ends inside
# the chunk, and throw nothing. In a stream whose first chunk ends with the first frame they go on with the
# second one. Node 26.10.0 returns both in each case, as all three do for gzip data of two members.
#
# Needs npm; the three versions of Node are installed by it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > seen.mjs <<'JS'
import { createZstdDecompress, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";

const texts = ["first|", "second|"];
const frames = texts.map((text) => zstdCompressSync(Buffer.from(text)));
const streamed = async (chunks) => {
  const stream = createZstdDecompress();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return Buffer.concat(await stream.toArray());
};
const row = [
  zstdDecompressSync(Buffer.concat(frames)),
  await streamed([Buffer.concat(frames)]),
  await streamed(frames),
  gunzipSync(Buffer.concat(texts.map((text) => gzipSync(text)))),
];
console.log(process.version, ...row.map(String));
JS
for version in 22.23.3 24.21.0 26.10.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version" >/dev/null
  "$version/node_modules/.bin/node" --no-warnings seen.mjs
done > seen
cat > expected <<'TEXT'
v22.23.3 first| first| first|second| first|second|
v24.21.0 first| first| first|second| first|second|
v26.10.0 first|second| first|second| first|second| first|second|
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
