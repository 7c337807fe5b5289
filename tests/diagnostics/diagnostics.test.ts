/**
 * The output of `--diagnostics rich` and `json`. A case is a folder: `in.nix` and the files that it
 * reads, `rich.out`, `json.out` (indented for reading), and `settings.json` for special settings.
 * Files are below `/case`. `UPDATE=1` rewrites the expectations.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  EvalError,
  Evaluation,
  type Explanation,
  explainError,
  memoryIo,
  renderJson,
  renderRich,
  type Settings,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { HINT_RULES } from "../../packages/eval/src/diagnostics/hints.ts";

const root = fileURLToPath(new URL("cases", import.meta.url));
const update = process.env["UPDATE"] === "1";
const names = readdirSync(root).sort();

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    const path = join(folder, entry);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function explain(name: string): Explanation {
  const folder = join(root, name);
  const files: Record<string, string> = {};
  for (const path of filesBelow(folder)) {
    files[`/case/${relative(folder, path)}`] = readFileSync(path, "latin1");
  }
  const given = files["/case/settings.json"];
  const settings: Partial<Settings> = {
    showTrace: true,
    ...(given === undefined ? {} : (JSON.parse(given) as Partial<Settings>)),
  };
  const searchPath = [{ prefix: "case", path: "/case" }];
  const evaluation = new Evaluation({ io: memoryIo({ files }), settings, searchPath });
  try {
    evaluation.deepForce(evaluation.loadFile("/case/in.nix"));
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return explainError(error, evaluation.positions, evaluation.context.settings);
  }
  throw new Error(`${name} does not fail`);
}

function expectFile(path: string, text: string): void {
  if (update) writeFileSync(path, text);
  expect(existsSync(path) ? readFileSync(path, "utf8") : undefined).toBe(text);
}

describe.each(names)("%s", (name) => {
  const explanation = explain(name);

  test("is rendered as text", () => {
    const text = decodeUtf8(renderRich(explanation, { color: false, showTrace: false }));
    expectFile(join(root, name, "rich.out"), `${text}\n`);
  });

  test("is rendered as JSON", () => {
    const json: unknown = JSON.parse(decodeUtf8(renderJson(explanation)));
    expectFile(join(root, name, "json.out"), `${JSON.stringify(json, null, 2)}\n`);
  });
});

test("each hint is given in some case", () => {
  const given = new Set(names.flatMap((name) => explain(name).hints.map(({ rule }) => rule)));
  expect(HINT_RULES.map((rule) => rule.name).filter((rule) => !given.has(rule))).toEqual([]);
});
