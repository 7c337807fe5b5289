/**
 * Measures the hashing of an evaluation in Chromium and in Node: `node scripts/run-ts.mjs
 * packages/playground/test/measure-hashes.ts FILE.nix`. It records what the evaluation hashes, replays it in
 * turns by Node's library, by the portable functions in Node, and by those in a page, and prints the
 * milliseconds of the best turns and the medians of the ratios to Node's library in the same turn.
 */
import { readFileSync } from "node:fs";
import { Evaluation } from "@nivis/eval";
import { bytesToByteString, encodeUtf8, type HashFunctions } from "@nivis/formats";
import { nodeHashes, nodeIo } from "@nivis/node";
import { build } from "esbuild";
import { root, sourceAliases } from "../../../scripts/workspace.mjs";
import { createPortableHashes } from "../../formats/src/hash/portable-hash.ts";
import { openBrowser } from "./browser.ts";

type Form = "hash" | "hex" | "byteString";
type Call = readonly [form: Form, data: string];

const TURNS = 40;

const calls: Call[] = [];
const record = (form: Form, algorithm: string, data: Uint8Array | string): void => {
  const text = typeof data === "string" ? data : bytesToByteString(data);
  if (algorithm === "sha256") calls.push([form, text]);
};
const recorder: HashFunctions = {
  hash: (algorithm, data) => {
    record("hash", algorithm, data);
    return nodeHashes.hash(algorithm, data);
  },
  hex: (algorithm, data) => {
    record("hex", algorithm, data);
    return nodeHashes.hex(algorithm, data);
  },
  byteString: (algorithm, data) => {
    record("byteString", algorithm, data);
    return nodeHashes.byteString(algorithm, data);
  },
  create: (algorithm) => nodeHashes.create(algorithm),
};
const evaluation = new Evaluation({ io: nodeIo(), hashes: recorder });
evaluation.print(evaluation.evaluate(encodeUtf8(readFileSync(process.argv[2] ?? "", "utf8"))));
const bytes = calls.reduce((sum, [, data]) => sum + data.length, 0);
process.stdout.write(`${calls.length} hashes of ${bytes} bytes\n`);

/** Runs in Node and, as text, in the page. */
function replay(hashes: HashFunctions, calls: readonly Call[]): number {
  const begun = performance.now();
  for (const [form, data] of calls) hashes[form]("sha256", data);
  return performance.now() - begun;
}

const { outputFiles } = await build({
  stdin: {
    contents: `import { createPortableHashes } from "./packages/formats/src/hash/portable-hash.ts";
globalThis.hashes = {
  webAssembly: createPortableHashes(),
  javaScript: createPortableHashes({ webAssembly: false }),
};
globalThis.replay = ${replay.toString()};`,
    resolveDir: root,
    loader: "js",
  },
  bundle: true,
  write: false,
  format: "iife",
  alias: sourceAliases(),
});
const browser = await openBrowser();
try {
  const page = await browser.newPage();
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
  await page.evaluate((calls) => Object.assign(globalThis, { calls }), calls);
  const portable = createPortableHashes();
  const ways = {
    "Node's library": () => Promise.resolve(replay(nodeHashes, calls)),
    "WebAssembly in Node": () => Promise.resolve(replay(portable, calls)),
    "WebAssembly in Chromium": () => page.evaluate("replay(hashes.webAssembly, calls)"),
    "JavaScript in Chromium": () => page.evaluate("replay(hashes.javaScript, calls)"),
  };
  const turns: number[][] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const times: number[] = [];
    for (const run of Object.values(ways)) times.push((await run()) as number);
    turns.push(times);
  }
  Object.keys(ways).forEach((way, i) => {
    const times = turns.map((turn) => turn[i] as number);
    const ratios = turns.map((turn) => (turn[i] as number) / (turn[0] as number));
    const median = ratios.sort((a, b) => a - b)[TURNS / 2] as number;
    process.stdout.write(`${way}: ${Math.min(...times).toFixed(1)} ms, ${median.toFixed(2)}\n`);
  });
} finally {
  await browser.close();
}
