/**
 * `node warm-worker.mjs RUNS (FILE | --expr EXPRESSION)`: evaluates a program RUNS times with the
 * built library and prints the milliseconds of each as JSON. See warm.ts.
 */
import { dirname } from "node:path";
import { nodeHashes, nodeIo } from "nivis/node";
import { Evaluation, encodeUtf8, printAmbiguous } from "nivis/vm";

const [runs, first, expression] = process.argv.slice(2);
const times = [];
let printed;
for (let i = 0; i < Number(runs); i++) {
  const started = performance.now();
  const evaluation = new Evaluation({ io: nodeIo(), hashes: nodeHashes });
  const value =
    first === "--expr"
      ? evaluation.evaluate(encodeUtf8(String(expression)), {
          basePath: encodeUtf8(dirname(import.meta.filename)),
        })
      : evaluation.evaluateFile(encodeUtf8(String(first)));
  evaluation.deepForce(value);
  const text = printAmbiguous(value);
  times.push(performance.now() - started);
  if (printed !== undefined && printed !== text)
    throw new Error("two evaluations print different values");
  printed = text;
}
process.stdout.write(JSON.stringify(times));
