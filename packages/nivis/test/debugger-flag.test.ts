/** `--debugger` of the commands that evaluate. What is expected is what C++ Nix 2.36 prints. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hostSystem } from "../../node/src/node-io.ts";
import { runNixBuild } from "../src/nix-build.ts";
import { folderWith, nivisLater } from "./terminal-double.ts";

const SYSTEM = hostSystem();

const folder = folderWith({
  "flake/flake.nix": `{
  outputs = _: let make = name: derivation { inherit name; system = "${SYSTEM}"; builder = "/bin/sh"; }; in {
    packages.${SYSTEM} = {
      default = let secret = 42; in throw "oh no \${toString secret}";
      stopped = let z = 7; in builtins.break (make "stopped");
      named = make (let q = 1; in throw "bad name");
      plain = make "plain";
    };
    devShells.${SYSTEM}.default = let place = "shell"; in throw place;
    apps.${SYSTEM}.default = { type = "app"; program = let place = "app"; in throw place; };
  };
}
`,
  "good/flake.nix": `{
  outputs = _: {
    packages.${SYSTEM}.default = let z = 7; in builtins.break (derivation {
      name = "good"; system = "${SYSTEM}"; builder = "/bin/sh";
    });
  };
}
`,
  "plain.nix": `{
  bad = let k = 3; in throw "plain \${toString k}";
  called = { x ? 5 }: let r = x; in builtins.break (derivation { name = "f"; system = "${SYSTEM}"; builder = "/bin/sh"; });
}
`,
});
afterAll(folder.remove);
const root = realpathSync(folder.path);
const flake = (name: string): string => `path:${join(root, "flake")}#${name}`;
const environment = {
  NIX_CONFIG: "experimental-features = nix-command flakes",
  NIX_REMOTE: join(root, "store"),
  HOME: root,
};
const BANNER = "\nNix 2.36.0 debugger\nType :? for help.\n";

async function debug(args: readonly string[], typed: string) {
  const printed = await nivisLater([...args, "--debugger"], { typed, environment });
  const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, "");
  return { code: printed.code, out: plain(printed.out), err: plain(printed.err) };
}

describe("attributes of flakes", () => {
  test.each([
    ["build", [flake("default"), "--no-link"], "secret", "42", "oh no 42"],
    ["build", [flake("named"), "--no-link"], "q", "1", "bad name"],
    ["run", [flake("")], "place", '"app"', "app"],
    ["shell", [flake("default")], "secret", "42", "oh no 42"],
    ["develop", [flake("")], "place", '"shell"', "shell"],
    ["print-dev-env", [flake("")], "place", '"shell"', "shell"],
    ["path-info", [flake("default")], "secret", "42", "oh no 42"],
    ["why-depends", [flake("default"), flake("plain")], "secret", "42", "oh no 42"],
    ["eval", [flake("default")], "secret", "42", "oh no 42"],
    ["flake", ["show", `path:${root}/flake`], "place", '"shell"', "shell"],
    ["flake", ["check", `path:${root}/flake`, "--no-build"], "secret", "42", "oh no 42"],
    ["search", [`path:${root}/flake`, "x"], "secret", "42", "oh no 42"],
  ])("nivis %s %j stops at an error", async (command, args, name, value, message) => {
    const { code, out, err } = await debug([command, ...args], `${name}\n:q\n`);
    expect(code).toBe(1);
    expect(out).toContain(`${value}\n\n`);
    expect(err).toContain(`error: ${message}\n${BANNER}`);
    // Reported once more by the command, with the place.
    expect(err).toMatch(
      new RegExp(`at \\S+\\.nix:\\d+:\\d+:[\\s\\S]*\n       error: ${message}\n$`),
    );
  });

  test("the command continues behind a break", async () => {
    const args = ["path-info", "--derivation", flake("stopped")];
    const { code, out, err } = await debug(args, "z\n:c\n");
    expect(out).toMatch(/^7\n\n\/nix\/store\/\w+-stopped\.drv\n$/);
    expect({ code, err }).toEqual({ code: 0, err: `info: breakpoint reached\n${BANNER}` });
  });

  test("flake show, flake check and search continue, too", async () => {
    const good = `path:${root}/good`;
    const shown = await debug(["flake", "show", good], "z\n:c\n");
    expect(shown).toMatchObject({ code: 0, err: `info: breakpoint reached\n${BANNER}` });
    expect(shown.out).toMatch(/^7\n\n.*good\?[\s\S]*default: package 'good'\n$/);
    expect((await debug(["flake", "check", good, "--no-build"], "z\n:c\n")).code).toBe(0);
    expect((await debug(["search", good, "^"], "z\n:c\n")).out).toMatch(/^7\n\n\* \S+default/);
  });

  test("leaving after a step ends the command with 0 and without output", async () => {
    const { code, out, err } = await debug(["build", flake("stopped"), "--dry-run"], ":s\n:q\n");
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toBe(`info: breakpoint reached\n${BANNER}`);
  });

  test("so it does where a command on stores has something evaluated", async () => {
    const { code, out, err } = await debug(["path-info", flake("stopped")], ":s\n:q\n");
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toBe(`info: breakpoint reached\n${BANNER}`);
  });

  test("an attribute that is missing, and one that is fine, stop nothing", async () => {
    const missing = await debug(["build", flake("missing")], "");
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^error: flake '.*' does not provide attribute/);
    const plain = await debug(["path-info", "--derivation", flake("plain")], "");
    expect(plain).toMatchObject({ code: 0, err: "" });
  });
});

describe("attributes of files", () => {
  const file = join(root, "plain.nix");

  test.each(["build", "run", "shell", "develop", "print-dev-env"])("nivis %s", async (command) => {
    const { code, out, err } = await debug([command, "-f", file, "bad"], "k\n:q\n");
    expect({ code, out }).toEqual({ code: 1, out: "3\n\n" });
    expect(err).toContain(`error: plain 3\n${BANNER}`);
  });

  test("a function that is called", async () => {
    const args = ["path-info", "--derivation", "-f", file, "called"];
    const { code, out } = await debug(args, "r\n:c\n");
    expect(code).toBe(0);
    expect(out).toMatch(/^5\n\n\/nix\/store\/\w+-f\.drv\n$/);
  });

  test("places of --break", async () => {
    const args = ["build", "-f", file, "bad", "--break", `${file}:2`];
    const { out, err } = await debug(args, ":c\n:q\n");
    expect(out).toBe("");
    expect(err).toMatch(/^breakpoint 1 in bad\n[\s\S]*plain\.nix:2:\d+[\s\S]*error: plain 3\n/);
  });
});

test("nix-build does not take the flag, as that of C++ Nix", async () => {
  const err: string[] = [];
  const code = await runNixBuild(["--debugger", "-E", "1"], {
    writeOut: () => {},
    writeLine: (line) => err.push(line),
    readInput: () => "",
    color: false,
    environment,
  });
  expect(code).toBe(1);
  expect(err.join("\n")).toContain("unrecognised flag '--debugger'");
});

describe("breakpoints that cannot be", () => {
  const file = join(root, "plain.nix");
  const session = (typed: string) => debug(["eval", "-f", file, "bad"], `${typed}\n:q\n`);

  test.each([
    [`:break ${file}:999`, `there can be no breakpoint at '${file}:999': the file ends at line 4`],
    [`:break ${file}:0`, `'${file}:0': lines and columns begin at 1`],
    [`:break ${file}:1:0`, `'${file}:1:0': lines and columns begin at 1`],
    [":delete", "':delete' needs the number of a breakpoint"],
    [":delete 7", "there is no breakpoint '7'"],
    [":unwatch", "':unwatch' needs the number of a watched expression"],
  ])("%s", async (typed, message) => {
    const { err } = await session(`${typed}\n:break`);
    expect(err).toContain(`error: ${message}`);
  });

  test("a refused breakpoint is not kept", async () => {
    const { out } = await session(`:break ${file}:999\n:break`);
    expect(out).toContain("there are no breakpoints");
  });

  test("a breakpoint behind the end of a file that was not loaded yet says so", async () => {
    const { out } = await debug(
      ["eval", "-f", file, "bad", "--break", `${file}:999`],
      ":break\n:q\n",
    );
    expect(out).toContain(`breakpoint 1: ${file}:999, the file ends at line 4`);
  });
});

describe("--break", () => {
  const file = join(root, "plain.nix");

  test.each([
    ["eval", "-f", file, "bad"],
    ["eval", flake("plain")],
    ["build", "-f", file, "bad"],
    ["run", flake("")],
    ["search", `path:${root}/flake`, "x"],
    ["flake", "show", `path:${root}/flake`],
  ])("needs --debugger in nivis %s", async (...args) => {
    const { code, err } = await nivisLater([...args, "--break", "x.nix:1"], { environment });
    expect(err).toMatch(/^error: '--break' needs '--debugger'\nTry 'nivis .* --help'/);
    expect(code).toBe(1);
  });

  test.each([
    [`${root}/other.nix:3`, ": the file was not loaded"],
    [`${file}:999`, ": the file ends at line 4"],
    ["noSuchFunction", ": no function of this name was loaded"],
    [`${file}:2`, ""],
  ])("at %s says that it was never reached", async (place, why) => {
    const { err, code } = await debug(
      ["eval", "-f", file, "--apply", "x: 1", "--break", place],
      "",
    );
    expect(err).toBe(`warning: the breakpoint at '${place}' was never reached${why}\n`);
    expect(code).toBe(0);
  });

  test("that was reached says nothing at the end, and one that was left neither", async () => {
    const args = ["eval", "-f", file, "--apply", "x: 1", "--break", `${file}:1`];
    expect((await debug(args, ":c\n")).err).not.toContain("never reached");
    const left = await debug([...args, "--break", "nowhere"], ":q\n");
    expect(left.err).not.toContain("never reached");
  });
});
