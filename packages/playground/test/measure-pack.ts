/**
 * Measures evaluation over a pack in Chromium: `node scripts/run-ts.mjs packages/playground/test/measure-pack.ts
 * PACK FILE.nix…`. Each file is evaluated in a fresh browser profile (cold), again in a new tab (warm), and
 * prints its value, milliseconds, requests and bytes. NIVIS_CSP=1 forbids code from strings.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { openBrowser } from "./browser.ts";
import { servePack } from "./pack-page.ts";

const [pack = "", ...files] = process.argv.slice(2);
const server = await servePack(pack);
try {
  for (const file of files) {
    const browser = await openBrowser();
    try {
      const context = await browser.newContext();
      for (const visit of ["cold", "warm", "warm"]) {
        const page = await context.newPage();
        await page.goto(`${server.url}/`);
        const result = await page.evaluate(
          (text) => (globalThis as unknown as PackWindow).evaluateOverPack(text),
          readFileSync(file, "utf8"),
        );
        process.stdout.write(`${basename(file)} ${visit} ${JSON.stringify(result)}\n`);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  }
} finally {
  await server.close();
}

interface PackWindow {
  evaluateOverPack(text: string): Promise<unknown>;
}
