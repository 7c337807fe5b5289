/**
 * Command lines of `nivis-instantiate`, each with what C++ Nix prints and its exit code: a table, in
 * instantiate-flags.json. Rows are recorded from C++ Nix 2.8, which is asked again where there is one;
 * those with `newer` are where 2.36 differs from it, and follow its sources (nix-instantiate.cc,
 * libutil/args.cc, libutil/configuration.cc, libmain, libcmd, libexpr/attr-path.cc).
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findReference, runProcess } from "@nivis/testkit";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, instantiate } from "./terminal-double.ts";

interface Row {
  readonly args: readonly string[];
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** 2.8 does something else, or does not know the flag. */
  readonly newer?: true;
}

const rows = JSON.parse(
  readFileSync(new URL("instantiate-flags.json", import.meta.url), "utf8"),
) as readonly Row[];

/** What is on standard input. */
const INPUT = '"stdin"';

const folder = folderWith({
  "default.nix": "{ a = 1; b = [ 2 { c = 3; } ]; }",
  "function.nix": "{ x, y ? 2 }: x + y",
  "lists.nix": '{ l = [ 10 [ 20 21 ] ]; a."b.c" = [ { d = 5; } ]; e = { }; }',
  "lib/named.nix": '"found"',
  "dir/default.nix": '"in dir"',
  text: "contents",
});
const path = realpathSync(folder.path);
const before = process.cwd();
process.chdir(path);
afterAll(() => {
  process.chdir(before);
  folder.remove();
});

const title = ({ args }: Row): string => args.map((arg) => JSON.stringify(arg)).join(" ");

describe("nivis-instantiate", () => {
  test.each(rows.map((row) => [title(row), row] as const))("%s", (_title, row) => {
    const { code, out, err } = instantiate(row.args, { input: INPUT });
    const shown = (text: string): string =>
      text
        .replaceAll(path, "$DIR")
        .replaceAll("nivis-instantiate --help", "nix-instantiate --help");
    expect({ code, out: shown(out), err: shown(err) }).toEqual({
      code: row.code,
      out: row.out,
      err: row.err,
    });
  });
});

const reference = await findReference();
const canAsk = reference?.version.startsWith("2.8.") === true;
if (!canAsk) process.stderr.write("instantiate-flags: there is no C++ Nix 2.8 to ask again\n");

describe.runIf(canAsk)("C++ Nix 2.8", () => {
  const state = realpathSync(mkdtempSync(join(tmpdir(), "nivis-flags-")));
  for (const name of ["store", "state", "log"]) mkdirSync(join(state, name));
  afterAll(() => rmSync(state, { recursive: true, force: true }));

  test("agrees with the rows that are not newer", { timeout: 120_000 }, async () => {
    for (const row of rows) {
      if (row.newer) continue;
      const { code, stdout, stderr } = await runProcess("nix-instantiate", {
        args: row.args,
        cwd: path,
        stdin: INPUT,
        env: {
          NIX_REMOTE: "local",
          NIX_STORE_DIR: join(state, "store"),
          NIX_STATE_DIR: join(state, "state"),
          NIX_LOG_DIR: join(state, "log"),
          NIX_CONFIG: "build-users-group =",
        },
      });
      const shown = (text: string): string =>
        Buffer.from(text, "latin1").toString("utf8").replaceAll(path, "$DIR");
      expect({ args: row.args, code, out: shown(stdout), err: shown(stderr) }).toEqual({
        args: row.args,
        code: row.code,
        out: row.out,
        err: row.err,
      });
    }
  });
});
