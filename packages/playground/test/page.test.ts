/** The page in Chromium: typing, evaluating, views, links, stopping, the tour, offline, accessibility. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryIo } from "@nivis/eval";
import { packBytes, packTree } from "@nivis/pack";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../../scripts/workspace.mjs";
import { fragmentOf, stateOf } from "../src/state/share.ts";
import { CHROMIUM, FileServer, openBrowser } from "./browser.ts";

if (CHROMIUM === undefined) console.warn("SKIPPED: Chromium is not installed");

const folder = mkdtempSync(join(tmpdir(), "nivis-page-"));
const site = join(folder, "site");

/** What axe returns, as far as the tests look at it. */
interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** The tree beside the page. */
const TREE = {
  "/nixpkgs/default.nix":
    '{ system }: { hello = derivation { name = "hello"; inherit system; builder = "/bin/sh"; src = ./src; }; }',
  "/nixpkgs/lib/default.nix": "{\n  # the library\n  id = x: x;\n}\n",
  "/nixpkgs/src/main.c": "int main() { return 0; }",
};

describe.skipIf(CHROMIUM === undefined)("the page", () => {
  let browser: Browser;
  let server: FileServer;
  let context: BrowserContext;

  beforeAll(async () => {
    const pack = join(folder, "nixpkgs.pack");
    writeFileSync(
      pack,
      packBytes(packTree({ files: memoryIo({ files: TREE }), root: "/nixpkgs" })),
    );
    const script = join(root, "scripts", "build-playground.mjs");
    const built = spawnSync(process.execPath, [script, "--out", site, "--pack", pack], {
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(built.stderr);
    server = await FileServer.start(site);
    browser = await openBrowser();
    context = await browser.newContext();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page, runs `use`, and fails for errors that nobody caught. */
  async function visit(
    use: (page: Page) => Promise<void>,
    { options, hash = "" }: { options?: BrowserContextOptions; hash?: string } = {},
  ): Promise<void> {
    const own = options === undefined ? context : await browser.newContext(options);
    const page = await own.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    try {
      await page.goto(`${server.url}/${hash}`);
      await use(page);
      expect(errors).toEqual([]);
    } finally {
      await page.close();
      if (own !== context) await own.close();
    }
  }

  /** Replaces the text of the editor. */
  async function type(page: Page, text: string): Promise<void> {
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(text);
  }

  const value = (page: Page) => page.locator("[role=tree] > [role=treeitem] > .row > .value");
  const status = (page: Page) => page.locator(".status");
  const files = (text: string) => ({
    files: { "main.nix": text },
    open: "main.nix",
    view: "value",
  });

  test("evaluates while typing", () =>
    visit(async (page) => {
      await type(page, "builtins.length [ 1 2 3 ] + 4");
      await value(page).getByText("7", { exact: true }).waitFor();
      await type(page, '"ü" + "😀"');
      await value(page).getByText('"ü😀"', { exact: true }).waitFor();
    }));

  test("opens values one at a time, also by keyboard", () =>
    visit(async (page) => {
      await type(page, '{ a = { b = 6 * 7; }; fuse = throw "you looked"; }');
      await page.locator(".name", { hasText: "fuse" }).waitFor();
      await page.locator("[role=tree] > [role=treeitem]").focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowRight");
      await page.locator(".name", { hasText: "b" }).waitFor();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("Enter");
      await page.locator(".value.int", { hasText: "42" }).waitFor();
      await page.locator(".row", { hasText: "fuse =" }).last().click();
      await page.locator(".value.error", { hasText: "you looked" }).waitFor();
      await page.getByRole("button", { name: "JSON" }).click();
      await page.locator(".printed", { hasText: "you looked" }).waitFor();
    }));

  test("shows mistakes with places that lead to the text, and fixes of findings", () =>
    visit(async (page) => {
      await type(page, 'let\n  x = 1;\nin\n1 + "a"');
      await page.locator(".failure", { hasText: "cannot add a string to an integer" }).waitFor();
      await page.locator(".failure .place").first().click();
      await page.locator(".cm-lintRange-warning").first().hover();
      await page.locator(".cm-diagnosticAction").first().click();
      await page.waitForFunction(
        () =>
          !(globalThis as unknown as PageWindow).document
            .querySelector(".cm-content")
            ?.textContent?.includes("x = 1"),
      );
    }));

  test("completes and documents builtins", () =>
    visit(async (page) => {
      await page.waitForFunction(() =>
        (globalThis as unknown as PageWindow).document
          .querySelector(".status")
          ?.textContent?.startsWith("Evaluated"),
      );
      await type(page, "let number = 1; in ");
      await page.keyboard.type("num");
      await page.locator(".cm-completionLabel", { hasText: "number" }).waitFor();
      await page.keyboard.press("Escape");
      await type(page, "");
      await page.keyboard.type("builtins.foldl");
      await page.locator(".cm-completionInfo", { hasText: "foldl'" }).waitFor();
      // CodeMirror ignores Enter just after the list has opened.
      await page.waitForTimeout(200);
      await page.keyboard.press("Enter");
      await page.locator(".cm-content", { hasText: "builtins.foldl'" }).waitFor();
    }));

  test("says what a name is when the pointer is over it", () =>
    visit(async (page) => {
      await page.waitForFunction(() =>
        (globalThis as unknown as PageWindow).document
          .querySelector(".status")
          ?.textContent?.startsWith("Evaluated"),
      );
      await page.locator(".cm-content span", { hasText: /^map$/ }).hover();
      await page.locator(".cm-tooltip-hover", { hasText: "map f list" }).waitFor();
    }));

  test("stops an endless program, and goes on", () =>
    visit(async (page) => {
      await type(page, "let f = n: if n < 0 then n else f (n + 1); in f 0");
      await page.locator("button.stop:enabled").waitFor();
      await page.waitForTimeout(600);
      await page.locator("button.stop").click();
      await status(page).getByText("Stopped").waitFor();
      await type(page, "1 + 1");
      await value(page).getByText("2", { exact: true }).waitFor();
    }));

  test("typing replaces what runs", () =>
    visit(async (page) => {
      await type(page, "let f = n: if n < 0 then n else f (n + 1); in f 0");
      await page.locator("button.stop:enabled").waitFor();
      await type(page, "21 * 2");
      await value(page).getByText("42", { exact: true }).waitFor();
    }));

  test("a link holds files and view", async () => {
    const state = {
      files: { "main.nix": "import ./b.nix + 1", "b.nix": "41" },
      open: "b.nix",
      view: "bytecode",
    };
    await visit(
      async (page) => {
        await page.locator(".listing", { hasText: "top level" }).waitFor();
        await page.getByRole("tab", { name: "b.nix" }).waitFor();
        await page.getByRole("tab", { name: "Value" }).click();
        await value(page).getByText("42", { exact: true }).waitFor();
        await page.getByRole("button", { name: "Share" }).click();
        await status(page).getByText("The link is in").waitFor();
        expect(await stateOf(new URL(page.url()).hash)).toEqual({ ...state, view: "value" });
      },
      { hash: await fragmentOf(state) },
    );
    await visit(
      async (page) => {
        await page.locator("[role=treeitem]").first().waitFor();
      },
      { hash: "#v1=broken" },
    );
  });

  test("every view shows something", async () => {
    const text =
      'let f = x: x + 1; in derivation { name = "d"; system = "s"; builder = "b"; n = f 1; }';
    await visit(
      async (page) => {
        await value(page).waitFor();
        const open = (name: string) => page.getByRole("tab", { name, exact: true }).click();
        await open("Bytecode");
        await page.locator(".listing", { hasText: "RETURN" }).waitFor();
        await open("JavaScript");
        await page.locator(".listing", { hasText: "function" }).waitFor();
        await open("Steps");
        await page.locator(".step.enter", { hasText: "f" }).first().waitFor();
        await page.getByLabel("instructions").check();
        await page.locator(".step.instruction").first().waitFor();
        await page.getByRole("button", { name: "Step", exact: true }).click();
        await open("Syntax");
        await page.locator(".syntax .node", { hasText: "Lambda" }).click();
        await page.locator(".syntax .marked > button", { hasText: "Lambda" }).waitFor();
        await open("Derivation");
        await page.locator(".card", { hasText: "/nix/store/" }).waitFor();
        await open("Profile");
        await page.frameLocator(".flames").locator("canvas").waitFor();
        await page.getByText("too quick to be sampled").waitFor();
      },
      { hash: await fragmentOf(files(text)) },
    );
  });

  test("a profile shows functions and their places", async () => {
    const text = `let
  double = x: builtins.length [ x x ] * x;
in
builtins.foldl' (sum: n: sum + double n) 0 (builtins.genList (n: n) 300000)`;
    await visit(
      async (page) => {
        await page.locator(".ranking td", { hasText: "main.nix:2" }).first().waitFor();
        await page.frameLocator(".flames").locator("canvas").waitFor();
      },
      { hash: await fragmentOf({ ...files(text), view: "profile" }) },
    );
  });

  test("evaluates over the pack, and shows its files", async () => {
    const text =
      '{ a = (import <nixpkgs> { system = "x86_64-linux"; }).hello; b = (import <nixpkgs/lib>).id; }';
    await visit(
      async (page) => {
        await page.locator(".row", { hasText: "b" }).last().click();
        await page.locator(".place", { hasText: "/nixpkgs/lib/default.nix:3" }).click();
        await page.locator("dialog", { hasText: "the library" }).waitFor();
        await page.getByRole("button", { name: "Close" }).click();
        await page.locator(".row", { hasText: "a =" }).first().click();
        await page.locator(".badge").first().waitFor();
      },
      { hash: await fragmentOf(files(text)) },
    );
  });

  test("the tour checks exercises", () =>
    visit(async (page) => {
      await page.getByRole("button", { name: "Tour" }).click();
      await page.locator(".result", { hasText: "Not yet" }).waitFor();
      await type(page, "40 + 2");
      await page.locator(".result.passed").waitFor();
      await page.getByRole("button", { name: "Next" }).click();
      await page.locator(".tour h2", { hasText: "2." }).waitFor();
      await page.getByRole("button", { name: "Solution" }).click();
      await page.locator(".result.passed").waitFor();
    }));

  test("works without a network after the first visit", async () => {
    const own = await browser.newContext();
    const other = await FileServer.start(site);
    const page = await own.newPage();
    await page.goto(`${other.url}/`);
    await page.evaluate(async () => {
      const { navigator } = globalThis as unknown as PageWindow;
      await navigator.serviceWorker.ready;
    });
    const text = '(import <nixpkgs> { system = "s"; }).hello.drvPath';
    await type(page, text);
    await value(page).getByText("-hello.drv").waitFor();
    await page.close();
    await other.close();
    const again = await own.newPage();
    await again.goto(`${other.url}/`);
    await type(again, text);
    await value(again).getByText("-hello.drv").waitFor();
    await own.close();
  });

  test("an element in another page evaluates, and tells what happens", async () => {
    writeFileSync(
      join(site, "host.html"),
      `<!doctype html><title>host</title><script type="module" src="element.js"></script>
       <nix-playground style="display: block; width: 600px">
         let x = 20;
         in x * 2 + 2
       </nix-playground>
       <script>addEventListener("run", (event) => { document.title = "run " + event.detail; });</script>`,
    );
    const page = await context.newPage();
    await page.goto(`${server.url}/host.html`);
    const frame = page.frameLocator("iframe");
    const shown = frame.locator("[role=treeitem] .value", { hasText: "42" });
    await shown.waitFor();
    // The value is visible without scrolling, although the frame is low.
    const box = await shown.boundingBox();
    const host = await page.locator("iframe").boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan((host?.y ?? 0) + (host?.height ?? 0));
    await page.waitForFunction(
      () => (globalThis as unknown as PageWindow).document.title === "run value",
    );
    await page.close();
  });

  describe.each(["light", "dark"] as const)("%s", (colorScheme) => {
    test.each(["value", "trace", "syntax", "derivation", "profile"])(
      "axe finds nothing in the view %s",
      async (view) => {
        const axe = readFileSync(
          createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
          "utf8",
        );
        const text = 'derivation { name = "d"; system = "s"; builder = "b"; }';
        await visit(
          async (page) => {
            await status(page).getByText("Evaluated in").waitFor();
            await page.waitForTimeout(300);
            await page.evaluate(axe);
            const { violations } = (await page.evaluate(() =>
              (globalThis as unknown as PageWindow).axe.run(),
            )) as AxeResult;
            const shown = violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
            expect(shown).toEqual([]);
          },
          { options: { colorScheme }, hash: await fragmentOf({ ...files(text), view }) },
        );
      },
    );
  });

  test("fits a phone", () =>
    visit(
      async (page) => {
        await value(page).waitFor();
        const [width, needed] = await page.evaluate(() => {
          const { documentElement } = (globalThis as unknown as PageWindow).document;
          return [documentElement.clientWidth, documentElement.scrollWidth];
        });
        expect(needed).toBeLessThanOrEqual(width as number);
      },
      { options: { viewport: { width: 360, height: 740 } } },
    ));
});

/** The parts of a page that the tests use; they are compiled without the DOM's types. */
interface PageWindow {
  readonly document: {
    readonly title: string;
    readonly documentElement: { readonly clientWidth: number; readonly scrollWidth: number };
    querySelector(selector: string): { readonly textContent: string | null } | null;
  };
  readonly navigator: { readonly serviceWorker: { readonly ready: Promise<unknown> } };
  readonly axe: { run(): Promise<unknown> };
}
