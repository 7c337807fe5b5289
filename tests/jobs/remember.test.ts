/** `nivis jobs --remember`: the same lines as without, after random edits; and only what changed is evaluated. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { builtCommand, Random, runProcess, testSeed } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTree, RandomTree } from "../results/random-trees.ts";

const TIMEOUT = 300_000;
/** The bytes before what `node:v8` serializes. */
const HEAD = 8 + 32;
const TREES = 2;
const ROUNDS = 7;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-remember-"));
});

afterAll(() => remove(folder));

interface Place {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function sweep(args: readonly string[], place: Place) {
  return command(["jobs", "--no-instantiate", ...args], place);
}

async function command(args: readonly string[], { cwd, environment = {} }: Place) {
  const { stdout, stderr, code } = await runProcess(
    process.execPath,
    {
      args: [builtCommand("nivis"), ...args],
      cwd,
      env: {
        HOME: folder,
        XDG_CACHE_HOME: join(folder, "cache"),
        NIX_STATE_DIR: "/var/empty",
        NIVIS_NO_CACHE: "",
        NIVIS_NO_RESULTS: "",
        ...environment,
      },
    },
    { timeout: 100_000 },
  );
  return { code, stderr: sorted(stderr), stdout: sorted(stdout) };
}

/** The lines in an order that does not depend on which worker was faster. */
function sorted(text: string): string {
  return text.split("\n").sort().join("\n");
}

/** The files of the memories. */
function memories(): readonly string[] {
  const results = join(folder, "cache/nivis/results");
  if (!existsSync(results)) return [];
  return readdirSync(results, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("a sweep", { timeout: TIMEOUT }, () => {
  const drv = (name: string, file: string): string =>
    `derivation { name = "${name}"; system = "s"; builder = import ./${file}; }`;

  test("evaluates only what depends on a change", async () => {
    const cwd = join(folder, "edits");
    mkdirSync(cwd);
    for (const name of ["a", "b", "all"]) writeFileSync(join(cwd, `${name}.nix`), `"/${name}"`);
    const text = `builtins.seq (import ./all.nix) { a = ${drv("a", "a.nix")}; s = { recurseForDerivations = true; b = ${drv("b", "b.nix")}; }; }`;
    writeFileSync(join(cwd, "jobs.nix"), text);
    const run = () => sweep(["--remember", "jobs.nix"], { cwd });
    const first = await run();
    expect(first.stdout.match(/"name":"[ab]"/g)).toEqual(['"name":"a"', '"name":"b"']);
    expect(await run()).toEqual(first);

    // Names that only the memory knows tell what was not evaluated.
    const [file, ...others] = memories() as [string];
    expect(others).toEqual([]);
    const contents = deserialize(readFileSync(file).subarray(HEAD));
    for (const { entries } of contents.parts) {
      for (const { reply } of entries) {
        if (reply.kind === "job")
          reply.fields.name = `"remembered ${JSON.parse(reply.fields.name)}"`;
      }
    }
    const rest = serialize(contents);
    const hash = createHash("sha256").update(rest).digest();
    writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, 8), hash, rest]));
    const names = async () => (await run()).stdout.match(/"name":"[^"]*"/g);
    expect(await names()).toEqual(['"name":"remembered a"', '"name":"remembered b"']);
    writeFileSync(join(cwd, "b.nix"), '"/other"');
    expect(await names()).toEqual(['"name":"remembered a"', '"name":"b"']);
    writeFileSync(join(cwd, "all.nix"), '"/other"');
    expect(await names()).toEqual(['"name":"a"', '"name":"b"']);

    // Half a file is no memory.
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    expect(await names()).toEqual(['"name":"a"', '"name":"b"']);
  });

  test("repeats the lines that only one attribute logs", async () => {
    const cwd = join(folder, "lines");
    mkdirSync(cwd);
    const job = (name: string, value: string): string =>
      `${name} = derivation { name = "${name}"; system = "s"; builder = ${value}; };`;
    const own = job("a", 'builtins.trace "own" "/a"');
    const shared = ["b", "c"].map((name) => job(name, "t")).join(" ");
    writeFileSync(
      join(cwd, "jobs.nix"),
      `let t = builtins.trace "shared" "/t"; in { ${own} ${shared} ${job("d", "import ./d.nix")} }`,
    );
    writeFileSync(join(cwd, "d.nix"), '"/d"');
    const before = new Set(memories());
    const run = () => sweep(["--remember", "jobs.nix"], { cwd });
    const first = await run();
    expect(first.stderr.trim().split("\n")).toEqual(["trace: own", "trace: shared"]);
    const [file] = memories().filter((name) => !before.has(name)) as [string];
    const known = () =>
      deserialize(readFileSync(file).subarray(HEAD)).parts.map(
        ({ entries }: { entries: readonly { reply: { path: readonly string[] } }[] }) =>
          entries.map(({ reply }) => reply.path.join(".")),
      );
    expect(known()).toEqual([["", "a", "d"]]);
    expect(await run()).toEqual(first);

    // Few attributes are evaluated by a worker that does not note what each depends on.
    writeFileSync(join(cwd, "d.nix"), '"/e"');
    const second = await run();
    expect(second.stderr).toBe(first.stderr);
    expect(second.stdout).not.toBe(first.stdout);
    expect(await run()).toEqual(second);
    writeFileSync(join(cwd, "d.nix"), '"/d"');
    expect(await run()).toEqual(first);
  });

  test("shows no traces of what another attribute was before an edit", async () => {
    const cwd = join(folder, "traces");
    mkdirSync(cwd);
    writeFileSync(
      join(cwd, "jobs.nix"),
      `let
        t = throw "t";
        d = name: derivation { inherit name; system = "s"; builder = t; };
        caught = import ./c.nix u;
        u = throw "u";
      in {
        a = import ./a.nix d;
        b = d "b";
        c = builtins.seq caught.success (throw "c");
        e = derivation { name = "e"; system = "s"; builder = u; };
      }`,
    );
    const args = ["--workers", "1", "--show-trace", "jobs.nix"];
    for (const name of ["one", "two", "three"]) {
      writeFileSync(join(cwd, "a.nix"), `d: d "${name}"`);
      writeFileSync(
        join(cwd, "c.nix"),
        `u: builtins.tryEval (let ${name} = x: x + u; in ${name} "")`,
      );
      const expected = await sweep(args, { cwd });
      const lineOf = (attr: string) =>
        expected.stdout.split("\n").find((line) => line.startsWith(`{"attr":"${attr}"`));
      expect(lineOf("b")).toContain(`while evaluating derivation '${name}'`);
      expect(lineOf("e")).toContain(`while calling '${name}'`);
      expect(await sweep(["--remember", ...args], { cwd })).toEqual(expected);
      expect(await sweep(["--remember", ...args], { cwd })).toEqual(expected);
    }
  });

  test("begins with a heap image if few attributes are left", async () => {
    const cwd = join(folder, "image");
    mkdirSync(cwd);
    const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text);
    for (const name of ["a", "b", "all"]) write(`${name}.nix`, `"/${name}"`);
    const job = (name: string): string =>
      `derivation { name = "${name}"; system = "s"; builder = import ./${name}.nix; all = import ./all.nix; }`;
    write("jobs.nix", `{ a = ${job("a")}; b = ${job("b")}; }`);
    // Neither command writes anything, which belongs to the key of the image.
    const source = ["--store", "dummy://", "jobs.nix"];
    const before = new Set(memories());
    await sweep(["--remember", ...source], { cwd });
    const [file] = memories().filter((name) => !before.has(name)) as [string];
    const { code } = await command(["cache", "warm", "instantiate", ...source, "-A", "a"], {
      cwd,
    });
    expect(code).toBe(0);

    // An error and a line are those of an evaluation without the image.
    for (const text of ['throw "d"', 'builtins.trace "e" "/e"', '"/c"']) {
      write("b.nix", text);
      const remembered = await sweep(["--remember", ...source], { cwd });
      expect(remembered, text).toEqual(await sweep(source, { cwd }));
    }
    // The image stands for what its own evaluation looked at, too.
    const { entries, table } = deserialize(readFileSync(file).subarray(HEAD)).parts.at(-1);
    expect(entries).toMatchObject([{ reply: { path: ["b"] } }]);
    expect(table).toContain(join(cwd, "a.nix"));
  });

  test("shows as evaluated what it would have evaluated without a memory", async () => {
    const cwd = join(folder, "shown");
    mkdirSync(cwd);
    const job = (name: string, value: string): string =>
      `${name} = derivation { name = "${name}"; system = "s"; builder = "/b"; v = ${value}; };`;
    const more = Array.from({ length: 12 }, (_, i) => job(`m${i}`, "lib.z"));
    const texts = {
      error: "lib 1",
      trace: 'builtins.trace lib "t"',
      // Nothing has evaluated this before; what comes later is not evaluated before, either.
      neither: 'builtins.trace { inherit (lib) z; } "t"',
    };
    for (const [name, text] of Object.entries(texts)) {
      // Few attributes are evaluated cold, and many warm.
      for (const count of [0, 12]) {
        const file = `${name}${count}.nix`;
        const edited = `${name}${count}-edited.nix`;
        writeFileSync(
          join(cwd, file),
          `let lib = { x = 4 + 5; y = 1 + 1; z = "z" + toString (import ./${edited}); };
          ${job("c", '"c"')} in {
            ${job("a", "lib.x")} ${job("k", "lib.y")}
            b = if import ./${edited} == 1 then c else ${text};
            d = if import ./${edited} == 1 then c else throw lib;
            s = { recurseForDerivations = true; ${job("l", "lib.y")} }; ${more.slice(0, count).join(" ")} }`,
        );
        const run = (...options: readonly string[]) => sweep([...options, file], { cwd });
        for (const value of ["1", "2", "3", "1"]) {
          writeFileSync(join(cwd, edited), value);
          const alone = await run();
          const remembered = await run("--remember");
          expect(remembered, `${file}, ${value}`).toEqual(alone);
          if (name === "error" && value === "2") expect(alone.stdout).toContain("{ x = 9; y = ");
        }
      }
    }
  });

  test("prints what it prints without a memory", async () => {
    const seed = testSeed("remembered sweeps", 20);
    for (let number = 0; number < TREES; number++) {
      const random = new Random(seed + number);
      const tree = new RandomTree(join(folder, `tree${number}`), random);
      const value = (): string => `builtins.toJSON (${tree.expression(random.below(2))})`;
      const job = (i: number): string =>
        `derivation { name = "n${i}"; system = "s"; builder = ./x; v = ${value()}; }`;
      const jobs = Array.from({ length: 8 }, (_, i) => `j${i} = ${job(i)};`);
      const set = `{ ${jobs.slice(4).join(" ")} recurseForDerivations = true; }`;
      const text = `let r = builtins.tryEval (${value()}); in { ${jobs.slice(0, 4).join(" ")} s = builtins.seq r ${set}; }`;
      const file = join(folder, `jobs${number}.nix`);
      writeFileSync(file, text.replaceAll("./", `${tree.root}/`));
      for (let round = 0; round < ROUNDS; round++) {
        const edits: string[] = [];
        if (round > 0) for (let n = random.below(3); n > 0; n--) edits.push(tree.edit());
        const place = { cwd: folder, environment: tree.environment };
        const alone = await sweep([file], place);
        const remembered = await sweep(["--workers", "2", "--remember", file], place);
        const shown = `seed ${seed}, tree ${number}, round ${round}: ${edits.join("; ")}\n${text}\n${describeTree(tree.root)}`;
        expect(remembered, shown).toEqual(alone);
      }
    }
  });

  test("cannot have a queue, too", async () => {
    const { code, stderr } = await sweep(["--remember", "--queue", "redis://h", "--expr", "{ }"], {
      cwd: folder,
    });
    expect(stderr).toContain("'--remember' is for local workers");
    expect(code).toBe(1);
  });
});

/** Removes a tree, some of whose directories the user may not enter. */
function remove(place: string): void {
  spawnSync("chmod", ["-R", "u+rwx", place], { stdio: "ignore" });
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
