/**
 * Measures evaluation over a pack in Chromium: `node scripts/run-ts.mjs packages/playground/test/measure-pack.ts
 * PACK FILE.nix…`. Each file is evaluated in a fresh browser profile (cold), again in a new tab (warm), and
 * prints its value, milliseconds, requests and bytes, and the most memory that a renderer has had (Linux).
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Browser } from "playwright-core";
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
        process.stdout.write(
          `${basename(file)} ${visit} ${JSON.stringify(result)}, peak ${await peakMemory(browser)} MiB\n`,
        );
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

/** Returns the most memory in MiB that one renderer has had at a time, with its shared libraries. */
async function peakMemory(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const peaks = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => /^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1]);
  return Math.round(Math.max(...peaks.map(Number)) / 1024);
}
