#!/usr/bin/env bash
# xz-decompress 0.2.3 (npm, the xz library as WebAssembly) refuses a file whose integrity check is SHA-256,
# which the xz format has had from its start and `xz --check=sha256` writes; the error is a bare number (6,
# unsupported options). CRC32, CRC64 and no check work, and so do several streams with padding between.
#
# Needs Node, npm and the program xz. Seen with xz 5.4, Node 20.20.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix . xz-decompress@0.2.3 >/dev/null
printf 'text\n' > text
for check in none crc32 crc64 sha256; do xz --check="$check" -c text > "$check.xz"; done
cat crc32.xz <(head -c 4 /dev/zero) crc64.xz > two.xz
cat > seen.mjs <<'JS'
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import xz from "xz-decompress";

for (const name of ["none", "crc32", "crc64", "two", "sha256"]) {
  const source = Readable.toWeb(createReadStream(`${name}.xz`));
  try {
    console.log(`${name}:`, JSON.stringify(await new Response(new xz.XzReadableStream(source)).text()));
  } catch (error) {
    console.log(`${name}: error ${/\d+$/.exec(error.message)?.[0]}`);
  }
}
JS
node seen.mjs > seen
cat > expected <<'TEXT'
none: "text\n"
crc32: "text\n"
crc64: "text\n"
two: "text\ntext\n"
sha256: error 6
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
