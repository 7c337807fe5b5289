/**
 * The built `nivis explore`: its commands over a pipe, at a breakpoint and in the debugger's REPL, its page in
 * Chromium, and requests that must be refused.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testEnvironment } from "@nivis/testkit";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { CHROMIUM, openBrowser } from "../../packages/playground/test/browser.ts";

if (CHROMIUM === undefined) console.warn("SKIPPED: Chromium is not installed");

const COMMAND = join(import.meta.dirname, "../../packages/nivis/bin/nivis.cjs");
const folder = mkdtempSync(join(tmpdir(), "nivis-explore-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENVIRONMENT = { ...testEnvironment(), HOME: folder };

const FILE = join(folder, "main.nix");
writeFileSync(
  FILE,
  `let
  shared = builtins.genList (i: { number = i; }) 100;
  double = x: let twice = x + x; in twice;
in {
  first = builtins.seq shared shared;
  answer = double 21;
  fails = throw "nobody looks <b>here</b>";
  later = double (builtins.length shared);
}
`,
);

function explore(commands: readonly string[], ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [COMMAND, "explore", ...args, FILE],
    { input: `${commands.join("\n")}\n`, env: ENVIRONMENT, encoding: "utf8" },
  );
  return { status, out: stdout.replaceAll(folder, "DIR"), err: stderr.replaceAll(folder, "DIR") };
}

describe("over a pipe", () => {
  test("counts objects and lists code", () => {
    const { status, out, err } = explore(["units main.nix", "code twice"]);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toMatch(/^\d+ objects, about \d+ (B|KiB), reached from \d+ roots$/m);
    expect(out).toMatch(/^unit \d+ {2}function double {2}DIR\/main\.nix:3:12/m);
    expect(out).toMatch(
      /^unit \d+ {2}thunk later {2}DIR\/main\.nix:8:\d+, never entered, 1 alive$/m,
    );
  });

  test("evaluates with --strict, and explores what a failed evaluation has left", () => {
    const { status, out, err } = explore(["objects failed", "find nobody looks"], "--strict");
    expect(status).toBe(1);
    expect(err).toContain("error: nobody looks");
    expect(out).toMatch(/^#\d+ {2}56 B {2}thunk: failed/m);
  });

  test("goes from an object to what holds it and to its code", () => {
    const { out } = explore(["find later"]);
    const set = /^#(\d+) .* {2}set {2}\{ first answer fails later \}$/m.exec(out)?.[1] as string;
    const refs = explore([`refs ${set}`]).out;
    const later = /^\.later {2}#(\d+)/m.exec(refs)?.[1] as string;
    const shown = explore([later, `path ${later}`]).out;
    expect(shown).toContain("thunk: not evaluated");
    expect(shown).toMatch(/^code: unit \d+ {2}thunk later/m);
    expect(shown).toMatch(/captured (double|shared) {2}#\d+/);
    expect(shown).toContain(`#${set}  .later  of { first answer fails later }`);
  });

  test("remembers the code of evaluated thunks with --origins", () => {
    const { out } = explore(["code answer"], "--origins", "--attr", "answer");
    const unit = /^unit (\d+) {2}thunk answer .*entered once/m.exec(out)?.[1] as string;
    const made = explore([`made ${unit}`], "--origins", "--attr", "answer").out;
    expect(made).toMatch(/^#\d+ {2}56 B {2}thunk: evaluated {2}42$/m);
  });

  test("answers mistakes with what would be right", () => {
    const { status, out } = explore([
      "nonsense",
      "object 999999",
      "unit other.nix:1",
      "objects dragons",
      "more",
      "holders x",
      "",
    ]);
    expect(status).toBe(0);
    expect(out).toContain("error: there is no command 'nonsense'; 'help' lists them");
    expect(out).toMatch(/error: there is no object 999999; they go from 1 to \d+/);
    expect(out).toContain("error: no code of a file 'other.nix' was loaded");
    expect(out).toContain("error: there is no kind 'dragons'; the kinds are set, list,");
    expect(out).toContain("error: there is no list to continue");
    expect(out).toContain("error: a number is needed, not 'x'");
  });

  test("stops at a limit of objects", () => {
    const { out } = explore([], "--max-objects", "20");
    expect(out).toContain("20 objects");
    expect(out).toContain("there are more objects; --max-objects raises the limit");
    expect(explore([], "--max-objects", "0").err).toContain("'--max-objects' takes a number");
  });
});

describe("at a stop", () => {
  test("explores at a breakpoint and then at the end", () => {
    const { out, err } = explore(
      ["roots", "quit", "roots"],
      "--break",
      `${FILE}:3`,
      "--attr",
      "answer",
    );
    expect(err).toContain("breakpoint in double at DIR/main.nix:3:");
    expect(out).toMatch(/^frame 0 \(double\): its code {2}#\d+ {2}«function double/m);
    expect(out.match(/objects, about/g)?.length).toBeGreaterThan(1);
  });

  test("is a command of the debugger's REPL", () => {
    const text = `let f = x: builtins.break (x + 1); in f 2`;
    const { stdout, status } = spawnSync(
      process.execPath,
      [COMMAND, "eval", "--debugger", "--expr", text],
      { input: ":heap\n:heap roots\n:heap bla\n:c\n", env: ENVIRONMENT, encoding: "utf8" },
    );
    expect(stdout).toMatch(/\d+ objects, about .* reached from \d+ roots/);
    expect(stdout).toMatch(/^frame \d+ \(f\): its code/m);
    expect(stdout).toContain("there is no command 'bla'");
    expect(stdout.trim().endsWith("3")).toBe(true);
    expect(status).toBe(0);
  });
});

const servers: ChildProcess[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.kill("SIGKILL");
});

/** Starts the server of the page and returns its address. */
async function serve(...args: string[]): Promise<{ url: URL; server: ChildProcess }> {
  const server = spawn(process.execPath, [COMMAND, "explore", "--web", ...args, FILE], {
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  servers.push(server);
  let text = "";
  for await (const piece of server.stdout as NodeJS.ReadableStream) {
    text += String(piece);
    if (text.includes("\n")) break;
  }
  return { url: new URL(text.trim()), server };
}

/** The status and body of a request. */
function get(url: URL | string, headers: Record<string, string> = {}, method = "GET") {
  return new Promise<{ status: number; body: string; policy: string }>((resolve, reject) => {
    request(url, { headers, method }, (response) => {
      let body = "";
      response.on("data", (piece) => {
        body += String(piece);
      });
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          body,
          policy: String(response.headers["content-security-policy"]),
        }),
      );
    })
      .on("error", reject)
      .end();
  });
}

describe("the server", () => {
  test("listens on this machine only, and answers only who knows the token", async () => {
    const { url } = await serve();
    expect(url.hostname).toBe("127.0.0.1");
    expect(url.pathname).toMatch(/^\/[0-9a-f]{32}\/$/);
    const page = await get(url);
    expect(page.status).toBe(200);
    expect(page.policy).toContain("default-src 'none'");
    expect((await get(new URL("/", url))).status).toBe(404);
    expect((await get(new URL(`/${"0".repeat(32)}/api/overview`, url))).status).toBe(404);
    expect((await get(new URL("api/__proto__", url))).status).toBe(404);
    expect((await get(new URL("api/overview", url), {}, "POST")).status).toBe(405);
  });

  test("refuses pages of other origins, and other names for this machine", async () => {
    const { url } = await serve();
    const api = new URL("api/overview", url);
    expect((await get(api)).status).toBe(200);
    expect((await get(api, { origin: url.origin })).status).toBe(200);
    for (const headers of [
      { origin: "https://example.org" },
      { origin: "null" },
      { host: "example.org" },
      { "sec-fetch-site": "cross-site" },
    ]) {
      expect((await get(api, headers)).status).toBe(403);
    }
  });

  test("answers questions in parts, and mistakes with a reason", async () => {
    const { url } = await serve();
    const ask = async (path: string) => JSON.parse((await get(new URL(`api/${path}`, url))).body);
    const first = await ask("objects?limit=5");
    expect(first.rows).toHaveLength(5);
    const second = await ask(`objects?limit=5&from=${first.next}`);
    expect(second.rows[0].number).toBeGreaterThan(first.rows[4].number);
    expect(await ask("object?id=999999999")).toEqual({
      error: expect.stringContaining("there is no object 999999999"),
    });
    expect(await ask("objects?from=-1")).toEqual({ error: "'from' must be a number" });
  });

  test("outlives clients that vanish or send rubbish, and ends with Ctrl-C", async () => {
    const { url, server } = await serve();
    for (const bytes of [
      "\0\xff\r\n\r\n",
      `GET ${url.pathname}api/largest HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`,
    ]) {
      const socket = connect(Number(url.port), "127.0.0.1");
      socket.on("error", () => {});
      await once(socket, "connect");
      socket.write(bytes, "latin1");
      socket.destroy();
    }
    expect((await get(new URL("api/overview", url))).status).toBe(200);
    server.kill("SIGINT");
    const [code] = await once(server, "exit");
    expect(code).toBe(0);
  });

  test("says that a port is taken", async () => {
    const { url } = await serve();
    const { status, stderr } = spawnSync(
      process.execPath,
      [COMMAND, "explore", "--web", "--port", url.port, FILE],
      { env: ENVIRONMENT, encoding: "utf8" },
    );
    expect(status).toBe(1);
    expect(stderr).toContain(`error: cannot listen on port ${url.port}`);
  });
});

describe.skipIf(CHROMIUM === undefined)("the page", () => {
  let browser: Browser | undefined;
  afterAll(() => browser?.close());

  test("leads from the overview to an object, what holds it, its code and its instructions", async () => {
    const { url, server } = await serve("--attr", "answer");
    browser = await openBrowser();
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(url.href);
    await page.getByRole("heading", { name: /objects, about/ }).waitFor();
    await page.getByRole("link", { name: "thunk: not evaluated", exact: true }).click();
    await page.getByRole("heading", { name: "Objects: thunk: not evaluated" }).waitFor();
    await page
      .getByRole("link", { name: /main\.nix:8/ })
      .first()
      .click();
    await page.getByRole("heading", { name: "Refers to" }).waitFor();
    await page.getByRole("heading", { name: "Held by (1)" }).waitFor();
    await page.getByText("captured double").waitFor();
    await page.getByRole("link", { name: "later", exact: true }).click();
    await page.getByText("RETURN").or(page.getByText("CALL")).first().waitFor();
    await page.getByText("Captures").waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Held by (1)" }).waitFor();

    await page.getByLabel("Search").selectOption("code");
    await page.getByLabel("Text").fill("double");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: "double", exact: true }).first().click();
    await page.getByText("double = x: let twice").waitFor();
    await page.getByRole("link", { name: "Largest" }).click();
    await page.getByRole("heading", { name: /Largest with all/ }).waitFor();
    await page
      .getByRole("link", { name: /^\{ first answer/ })
      .first()
      .click();
    await page.getByRole("heading", { name: /^Held by/ }).waitFor();
    expect(errors).toEqual([]);

    // The server goes: the page says so.
    server.kill("SIGKILL");
    await once(server, "exit");
    await page.getByRole("link", { name: "Roots" }).click();
    await page.getByText("the explorer has ended").waitFor();
    await page.close();
  });

  test("shows texts as texts", async () => {
    const { url } = await serve("--strict");
    browser ??= await openBrowser();
    const page = await browser.newPage();
    await page.goto(`${url.href}#objects/thunk%3A%20failed`);
    await page.getByRole("link", { name: /nobody looks <b>here<\/b>/ }).click();
    await page.locator("pre", { hasText: "nobody looks <b>here</b>" }).waitFor();
    expect(await page.locator("main b").count()).toBe(0);
    await page.close();
  });
});
