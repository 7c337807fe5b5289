#!/usr/bin/env bash
# Node 22.23.3 (npm package `node`): `v8.setFlagsFromString` with `--no-use-osr` and later with `--use-osr`, the
# default, then `Script.createCachedData`. All flags are again what they were at the start.
#
# V8 refuses the data in a new process with default flags (`cachedDataRejected` is true), although it accepts data
# made after `--no-concurrent-recompilation` and `--concurrent-recompilation`, or after `--max-lazy` and
# `--no-max-lazy`. On Node 24.21.0 it accepts all three. So a program that changes that flag for a while compiles
# its cached code anew at each start, and only `cachedDataRejected` tells.
#
# Needs npm; the versions of Node are installed by it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > make.js <<'JS'
const { writeFileSync } = require("node:fs");
const v8 = require("node:v8");
const { Script } = require("node:vm");
for (const flag of process.argv.slice(2)) v8.setFlagsFromString(flag);
writeFileSync("code", new Script("1 + 1").createCachedData());
JS
cat > use.js <<'JS'
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");
const { cachedDataRejected } = new Script("1 + 1", { cachedData: readFileSync("code") });
console.log(process.version, process.argv[2] ?? "", cachedDataRejected ? "refused" : "accepted");
JS
for version in 22.23.3 24.21.0; do
  npm install --silent --no-audit --no-fund --prefix "$version" "node@$version" >/dev/null
  for flags in "" "--no-concurrent-recompilation --concurrent-recompilation" "--max-lazy --no-max-lazy" "--no-use-osr --use-osr"; do
    # shellcheck disable=SC2086
    "$version/node_modules/.bin/node" make.js $flags
    "$version/node_modules/.bin/node" use.js "$flags"
  done
done > seen
cat > expected <<'TEXT'
v22.23.3  accepted
v22.23.3 --no-concurrent-recompilation --concurrent-recompilation accepted
v22.23.3 --max-lazy --no-max-lazy accepted
v22.23.3 --no-use-osr --use-osr refused
v24.21.0  accepted
v24.21.0 --no-concurrent-recompilation --concurrent-recompilation accepted
v24.21.0 --max-lazy --no-max-lazy accepted
v24.21.0 --no-use-osr --use-osr accepted
TEXT
diff expected seen
echo "as before: $(basename "$0" .sh)"
