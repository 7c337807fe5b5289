import { readFileSync, readdirSync, existsSync } from "node:fs";
import { it } from "vitest";
import { Evaluation } from "../../src/evaluation.ts";
import { EvalError } from "../../src/errors/eval-error.ts";
import { renderError } from "../../src/errors/render.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import { NodeIo } from "@nivis/node";
const D = "/work/corpus/nix/tests/functional/lang";
it("x", () => {
  let bad = 0, n = 0;
  for (const f of readdirSync(D).filter((f) => /^eval-(fail|okay)-.*\.nix$/.test(f))) {
    const b = f.slice(0, -4); const fail = f.startsWith("eval-fail");
    const want = `${D}/${b}.${fail ? "err.exp" : "exp"}`;
    if (!existsSync(want) || existsSync(`${D}/${b}.flags`)) continue;
    n++;
    const log: string[] = [];
    const io = new (NodeIo as any)();
    io.log = (l: string) => log.push(l);
    const ev = new Evaluation({ io, settings: {}, searchPath: [] } as any);
    let got: string;
    try { got = printAmbiguous(ev.deepForce(ev.evalFile(`${D}/${f}`))) + "\n"; }
    catch (e) { got = e instanceof EvalError ? [...log, renderError(e, ev.positions, { showTrace: false, color: false })].join("\n") + "\n" : "CRASH " + (e as Error).stack; }
    const exp = readFileSync(want, "latin1").replaceAll("/pwd/lang", D);
    if (got.trimEnd() !== exp.trimEnd()) { bad++; console.log("#### " + f + "\n--- want\n" + exp.slice(0, 1500) + "\n--- got\n" + got.slice(0, 1500)); }
  }
  console.log("bad", bad, "of", n);
});
