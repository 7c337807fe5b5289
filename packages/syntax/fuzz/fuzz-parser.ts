/**
 * A long sweep over the parser: random bytes, mutated real files and a check that nothing throws,
 * hangs or loses a diagnostic. Not part of the tests; run it after changes of the lexer or parser:
 *
 *     npx esbuild packages/syntax/fuzz/fuzz-parser.ts --bundle --platform=node --format=esm \
 *       --outfile="$TMPDIR/fuzz-parser.mjs" && node "$TMPDIR/fuzz-parser.mjs" [COUNT] [SEED]
 *
 * `NIVIS_FUZZ_CORPUS` names a folder with real `.nix` files; without it only random bytes are tried.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NodeKind, parse, printExpr, SourceFile, walk } from "../src/index.ts";

const count = Number(process.argv[2] ?? 10_000);
const corpusDir = process.env["NIVIS_FUZZ_CORPUS"];
/** Bigger files only make the sweep slower. */
const MAX_FILE = 8_000;
const MAX_FILES = 5_000;

/** Numbers from a seed, so that a finding can be repeated. */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** An integer from 0 up to but not including `limit`. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 4_294_967_296) * limit);
  }
}

const random = new Random(Number(process.argv[3] ?? 1));

function nixFiles(dir: string, found: string[] = []): string[] {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) nixFiles(path, found);
    else if (entry.isFile() && entry.name.endsWith(".nix")) found.push(path);
  }
  return found;
}

function randomBytes(): string {
  const codes: number[] = [];
  const length = random.below(300);
  // Half of the texts are ASCII only: those come further.
  const limit = random.below(2) === 0 ? 256 : 128;
  for (let i = 0; i < length; i += 1) codes.push(random.below(limit));
  return String.fromCharCode(...codes);
}

function mutate(text: string, other: string): string {
  let result = text;
  for (let i = random.below(4); i >= 0; i -= 1) {
    const at = random.below(result.length + 1);
    const from = random.below(other.length + 1);
    switch (random.below(5)) {
      case 0:
        result = result.slice(0, at) + result.slice(at + 1 + random.below(20));
        break;
      case 1:
        result =
          result.slice(0, at) + other.slice(from, from + random.below(30)) + result.slice(at);
        break;
      case 2:
        result =
          result.slice(0, at) + String.fromCharCode(random.below(256)) + result.slice(at + 1);
        break;
      case 3:
        result = result.slice(0, at);
        break;
      default: {
        const piece = result.slice(at, at + random.below(40));
        result = result.slice(0, at) + piece.repeat(1 + random.below(8)) + result.slice(at);
      }
    }
  }
  return result;
}

let slowest = { milliseconds: 0, text: "" };
let accepted = 0;
let bytes = 0;
let failures = 0;

function tryText(text: string): void {
  const begin = performance.now();
  try {
    const { expr, firstError } = parse(new SourceFile({ kind: "string" }, text), {
      basePath: "/",
      home: "/home",
      features: { pipeOperators: true },
    });
    let broken = false;
    walk(expr, ({ kind }) => {
      broken ||= kind === NodeKind.Error;
    });
    printExpr(expr);
    if (broken && firstError === undefined) throw new Error("an Error node without a diagnostic");
    if (firstError === undefined) accepted += 1;
  } catch (error) {
    failures += 1;
    console.log(JSON.stringify(text), error);
  }
  const milliseconds = performance.now() - begin;
  bytes += text.length;
  if (milliseconds > slowest.milliseconds) slowest = { milliseconds, text };
}

function sweep(name: string, next: () => string): void {
  accepted = 0;
  bytes = 0;
  slowest = { milliseconds: 0, text: "" };
  const begin = performance.now();
  for (let i = 0; i < count; i += 1) tryText(next());
  const seconds = (performance.now() - begin) / 1000;
  console.log(
    `${name}: ${count} texts, ${bytes} bytes, ${seconds.toFixed(1)} s, ${accepted} accepted; ` +
      `slowest ${slowest.milliseconds.toFixed(1)} ms (${slowest.text.length} bytes: ${JSON.stringify(slowest.text.slice(0, 60))})`,
  );
}

sweep("random bytes", randomBytes);
if (corpusDir !== undefined) {
  const texts: string[] = [];
  const files = nixFiles(corpusDir);
  for (let i = 0; i < files.length && texts.length < MAX_FILES; i += 1) {
    const text = readFileSync(files[random.below(files.length)] as string).toString("latin1");
    if (text.length <= MAX_FILE) texts.push(text);
  }
  const pick = (): string => texts[random.below(texts.length)] as string;
  sweep("mutated files", () => mutate(pick(), pick()));
}
console.log(`${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;
