/**
 * `npm run bench:lsp -- FILE [EDITS]`: the latencies of the built language server on one file, as an editor
 * sees them: over standard streams, with an edit before every request, so that nothing is answered from
 * what an earlier request computed. Prints a table of medians and 99th percentiles in milliseconds.
 *
 * Evaluation is off: the figures are about what needs none. *diagnostics* is the time from an edit to the
 * diagnostics that the server publishes for it.
 *
 * With `NIVIS_BENCH_CPU=1` the server of the sources runs in this process, and the figures are processor
 * time, client included: for a machine that is busy with other things.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { serve } from "@nivis/lsp";
import { createConnection } from "vscode-languageserver/node.js";
import {
  createProtocolConnection,
  type Position,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node.js";
import { requestsAt } from "../../packages/lsp/test/requests.ts";
import { root } from "../workspace.mjs";

const [file, count = "40"] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: npm run bench:lsp -- FILE [EDITS]\n");
  process.exit(2);
}
const edits = Number(count);
/** Edits before the measurement, while V8 compiles. */
const WARM_UP = 15;
const text = readFileSync(file, "utf8");
const lines = text.split("\n");
const uri = `file://${file}`;

const isCpu = process.env["NIVIS_BENCH_CPU"] === "1";
const { input, output, end } = isCpu ? startHere() : startProcess();
const connection = createProtocolConnection(
  new StreamMessageReader(output),
  new StreamMessageWriter(input),
);

interface Streams {
  readonly input: NodeJS.WritableStream;
  readonly output: NodeJS.ReadableStream;
  end(): void;
}

function startProcess(): Streams {
  const child = spawn(process.execPath, [join(root, "packages/nivis/bin/nivis.cjs"), "lsp"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return { input: child.stdin, output: child.stdout, end: () => child.kill() };
}

/** A server in this process, without files. */
function startHere(): Streams {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const nothing = async (): Promise<undefined> => undefined;
  serve(
    createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)),
    {
      workspace: {
        home: undefined,
        status: nothing,
        read: nothing,
        list: nothing,
        findInSearchPath: nothing,
      },
      schedule: (milliseconds, run) => {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    { name: "bench", version: "0" },
  );
  return { input: toServer, output: toClient, end: () => {} };
}

/** The clock, in milliseconds. */
function now(): number {
  if (!isCpu) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let onDiagnostics = (_params: PublishDiagnosticsParams): void => {};
connection.onNotification("textDocument/publishDiagnostics", (params) => onDiagnostics(params));
connection.listen();
await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: {},
  initializationOptions: { nivis: { evaluation: { enable: false } } },
});
await connection.sendNotification("initialized", {});
let version = 1;
await connection.sendNotification("textDocument/didOpen", {
  textDocument: { uri, languageId: "nix", version, text },
});

/** Types a letter at the end of a word, or takes it out again. */
function edit(line: number, step: number): Promise<void> {
  version += 1;
  const character = (lines[line] as string).length;
  const [start, end, inserted] =
    step % 2 === 0 ? [character, character, "x"] : [character, character + 1, ""];
  return connection.sendNotification("textDocument/didChange", {
    textDocument: { uri, version },
    contentChanges: [
      {
        range: { start: { line, character: start }, end: { line, character: end } },
        text: inserted,
      },
    ],
  });
}

/** A line with a name, in the middle of the file at first. */
function placeFor(step: number): Position {
  let line = Math.floor(((Math.floor(step / 2) * 7919 + lines.length / 2) % lines.length) | 0);
  while (!/[a-z]/.test(lines[line] ?? "")) line = (line + 1) % lines.length;
  return { line, character: (lines[line] as string).search(/[a-z]/) + 1 };
}

const times = new Map<string, number[]>();
const sizes = new Map<string, number>();

for (let step = -WARM_UP * 2; step < edits * 2; step += 1) {
  const place = placeFor(Math.abs(step));
  const began = now();
  const published = new Promise<void>((resolve) => {
    onDiagnostics = (params) => {
      if (params.version === version) resolve();
    };
  });
  await edit(place.line, Math.abs(step) % 2);
  await published;
  if (step >= 0) note("diagnostics", now() - began);
}

const range = { start: { line: 0, character: 0 }, end: { line: 60, character: 0 } };
const methods = requestsAt(uri, placeFor(0), range).length;
for (let index = 0; index < methods; index += 1) {
  for (let step = -WARM_UP; step < edits; step += 1) {
    const place = placeFor(step + WARM_UP);
    await edit(place.line, (step + WARM_UP) % 2);
    const view = {
      start: { line: place.line, character: 0 },
      end: { line: place.line + 60, character: 0 },
    };
    const request = requestsAt(uri, place, view)[index] as ReturnType<typeof requestsAt>[number];
    const began = now();
    const reply = await connection.sendRequest(request.method, request.params).catch(() => null);
    if (step < 0) continue;
    note(request.method, now() - began);
    sizes.set(request.method, JSON.stringify(reply).length);
  }
}

function note(name: string, time: number): void {
  const known = times.get(name);
  if (known === undefined) times.set(name, [time]);
  else known.push(time);
}

function quantile(sorted: readonly number[], share: number): string {
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return (sorted[at] as number).toFixed(1);
}

process.stdout.write(
  "| request | median ms | p99 ms | bytes of the reply |\n| --- | --- | --- | --- |\n",
);
const all: number[] = [];
for (const [name, values] of times) {
  const sorted = [...values].sort((a, b) => a - b);
  if (name !== "diagnostics") all.push(...values);
  const size = sizes.get(name) ?? "";
  process.stdout.write(
    `| ${name} | ${quantile(sorted, 0.5)} | ${quantile(sorted, 0.99)} | ${size} |\n`,
  );
}
all.sort((a, b) => a - b);
process.stdout.write(`| all requests | ${quantile(all, 0.5)} | ${quantile(all, 0.99)} | |\n`);
end();
process.exit(0);
