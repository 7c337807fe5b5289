/** Programs of strangers: in a thread of their own, without files, with limits. */
import { NixError } from "nivis";
import { createNixWorker } from "nivis/worker";

using worker = createNixWorker({ options: { files: {}, pure: true } });
const limits = { milliseconds: 2000, steps: 1_000_000, values: 10_000, mebibytes: undefined };
for (const program of [
  "builtins.length (builtins.genList (x: x) 1000)",
  "let f = n: f (n + 1); in f 0",
  "let f = n: [ (f n) ]; in f 0",
  "import /etc/passwd",
]) {
  try {
    console.log(await worker.evaluate(program, { limits }));
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    console.log(error.kind);
  }
}
// 1000
// limit-exceeded
// limit-exceeded
// restricted
const signal = AbortSignal.timeout(50);
await worker.evaluate("let f = n: f (n + 1); in f 0", { signal }).catch((error: Error) => {
  console.log(error.name); // TimeoutError
});
