/**
 * Sessions return their memory: after a thousand of them, each with some megabytes of values, the heap
 * is as large as after the first hundred. Run in a process of its own with the packages as they are
 * built, because only there garbage can be collected on request.
 */
import { decodeUtf8 } from "@nivis/formats";
import { runProcess } from "@nivis/testkit";
import { expect, test } from "vitest";
import { root } from "../../scripts/workspace.mjs";

const PROGRAM = `
import { createNix, evaluate } from "nivis";
const text = 'let l = builtins.genList (x: { name = "item-\${toString x}"; value = x; }) 2000; in builtins.length (builtins.attrNames (builtins.listToAttrs l))';
const heap = () => {
  for (let i = 0; i < 3; i++) gc();
  return process.memoryUsage().heapUsed;
};
const run = async (count) => {
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) evaluate(text);
    else if (i % 3 === 1) using_(createNix({ builtins: { f: (x) => x } }));
    else await createNix().evaluateAsync(text);
  }
};
const using_ = (session) => {
  session.open(text).force();
  session[Symbol.dispose]();
};
const kept = createNix().open(text).force();
await run(100);
const before = heap();
await run(900);
console.log(JSON.stringify({ ratio: heap() / before, kept: kept.toData() }));
`;

test("a thousand sessions leave nothing behind", async () => {
  const { code, stdout, stderr } = await runProcess(process.execPath, {
    args: ["--expose-gc", "--input-type=module", "-e", PROGRAM],
    cwd: root,
    env: {},
  });
  expect(code, stderr).toBe(0);
  const { ratio, kept } = JSON.parse(decodeUtf8(stdout)) as { ratio: number; kept: number };
  expect(kept).toBe(2000);
  expect(ratio).toBeLessThan(1.1);
});
