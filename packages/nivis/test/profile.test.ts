/** `nivis profile` as a command: tables, files and errors. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const folder = folderWith({
  "work.nix": `rec {
  burn = n: if n == 0 then 0 else 1 + burn (n - 1);
  dear = burn 20000;
  # Stacks stay low, so that samples are quick and many.
  often = rounds: builtins.foldl' (sum: round: sum + burn 30) 0 (builtins.genList (i: i) rounds);
  long = often 3000;
  # Few frames with many thunks, and many frames with few.
  lists = n: builtins.length (builtins.genList (i: [ i ]) 2000);
  mixed = builtins.foldl' (sum: round: sum + burn 100 + lists round) 0 (builtins.genList (i: i) 3000);
  thing = derivation { name = "thing"; system = "s"; builder = toString (often 3000); };
}`,
});
afterAll(folder.remove);

const FILE = join(folder.path, "work.nix");
/** Without the second tier, inside of which frames are not visible. */
const OFTEN = ["--frequency", "5000", "--tier", "vm"];

describe("nivis profile", () => {
  test("prints tables", () => {
    const { code, out } = nivis(["profile", ...OFTEN, FILE, "long", "thing"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d\d s, \d+ samples, one every [\d.]+ ms; [\d.]+ MiB allocated\n/);
    expect(out).toMatch(/\nPackages.*\n +own +total +allocated +total +name\n/);
    expect(out).toMatch(/ long\n/);
    expect(out).toMatch(/ thing\n/);
    expect(out).toContain(`burn  ${FILE}:2:10`);
  });

  test("prints JSON, with counts of another run", () => {
    const { out } = nivis(["profile", ...OFTEN, "--json", "--counts", FILE, "dear"]);
    const { tables } = JSON.parse(out);
    const burn = tables.function.find(({ name }: { name: string }) => name === "burn");
    expect(burn).toMatchObject({ place: `${FILE}:2:10`, calls: 20_001 });
    // Each round makes the thunk of `n - 1`, but for the last one.
    expect(burn.thunks).toBe(20_000);
    expect(burn.own.milliseconds).toBeLessThanOrEqual(burn.total.milliseconds);
    // All of it is for the attribute that was asked for, but for the file itself.
    const [dear] = tables.package;
    expect(dear).toMatchObject({ name: "dear" });
    expect(dear.calls).toBeGreaterThanOrEqual(20_001 + 20_000);
    expect(dear.calls).toBeLessThanOrEqual(20_001 + 20_000 + 2);
    expect(dear.thunks).toBe(20_000);
    // The calls, their arguments, the file and the attribute.
    const [file] = tables.file;
    expect(file).toMatchObject({ name: FILE, calls: 20_001 + 20_000 + 2 });
  });

  test("charges memory to who allocates it", () => {
    const folded = join(folder.path, "bytes.folded");
    const { out } = nivis([
      "profile",
      ...OFTEN,
      "--json",
      "--sort",
      "allocated",
      "--folded-bytes",
      folded,
      FILE,
      "mixed",
    ]);
    const { bytes, tables } = JSON.parse(out);
    const row = (name: string) =>
      tables.function.find((one: { name: string }) => one.name === name);
    // Each list has 2,000 thunks; a round of `burn` has one.
    expect(bytes).toBeGreaterThan(3000 * 2000 * 32);
    expect(row("lists").total.bytes / bytes).toBeGreaterThan(0.4);
    expect(row("burn")?.total.bytes ?? 0).toBeLessThan(0.6 * bytes);
    const own = tables.function.map((one: { own: { bytes: number } }) => one.own.bytes);
    expect(own).toEqual([...own].sort((a, b) => b - a));
    const counts = readFileSync(folded, "utf8").trimEnd().split("\n");
    const sum = counts.reduce((all, line) => all + Number(line.slice(line.lastIndexOf(" "))), 0);
    expect(sum).toBeLessThan(1.02 * bytes);
    expect(sum).toBeGreaterThan(0.8 * bytes);
  });

  test("writes files", () => {
    const at = (name: string): string => join(folder.path, name);
    const flags = ["html", "speedscope", "trace-events", "pprof", "folded"].flatMap((format) => [
      `--${format}`,
      at(`out.${format}`),
    ]);
    expect(nivis(["profile", ...OFTEN, ...flags, FILE, "long"]).code).toBe(0);
    expect(readFileSync(at("out.html"), "utf8")).toMatch(/^<!doctype html>/);
    expect(JSON.parse(readFileSync(at("out.speedscope"), "utf8")).profiles[0].type).toBe("sampled");
    expect(JSON.parse(readFileSync(at("out.trace-events"), "utf8")).traceEvents).not.toEqual([]);
    expect(gunzipSync(readFileSync(at("out.pprof"))).toString("latin1")).toContain("burn");
    expect(readFileSync(at("out.folded"), "utf8")).toMatch(/burn \(.*:2:10\).* \d+\n/);
    expect(readdirSync(folder.path).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  test("shows what was measured before an error, and the error", () => {
    const program = `(import ${FILE}).often 3000 + throw "no"`;
    const { code, out, err } = nivis(["profile", ...OFTEN, "--expr", program]);
    expect(code).toBe(1);
    expect(out).toContain("burn");
    expect(err).toContain("error: no");
  });

  test("a file that cannot be written costs neither the tables nor the other files", () => {
    const missing = join(folder.path, "missing", "out.html");
    const folded = join(folder.path, "kept.folded");
    const args = ["profile", ...OFTEN, "--html", missing, "--folded", folded];
    const { code, out, err } = nivis([...args, FILE, "long"]);
    expect(code).toBe(1);
    expect(out).toContain(`burn  ${FILE}:2:10`);
    expect(readFileSync(folded, "utf8")).toContain("burn");
    expect(err).toContain(`error: writing file "${missing}": No such file or directory`);
    const failed = nivis([...args, "--expr", 'throw "no"']);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain("error: no");
    expect(failed.err).toContain(`warning: writing file "${missing}"`);
  });

  test("rejects what it cannot do, and leaves no half of a file", () => {
    const missing = join(folder.path, "missing", "out.html");
    const written = nivis(["profile", "--html", missing, "--expr", "1"]);
    expect(written.code).toBe(1);
    expect(written.err).toContain(`writing file "${missing}": No such file or directory`);
    expect(existsSync(missing)).toBe(false);
    expect(nivis(["profile", "--html", "-", "--expr", "1"]).err).toContain(
      "'--html' takes the name of a file, not '-'",
    );
    expect(nivis(["profile", "--frequency", "0", "--expr", "1"]).err).toContain(
      "'--frequency' takes a number from 1 to 10000, not '0'",
    );
    expect(nivis(["profile", "--sort", "name", "--expr", "1"]).err).toContain(
      "'--sort' takes one of time, allocated, not 'name'",
    );
    expect(nivis(["profile", "--by", "colour", "--expr", "1"]).err).toContain(
      "'--by' takes one of package, option, function, file, not 'colour'",
    );
  });
});
