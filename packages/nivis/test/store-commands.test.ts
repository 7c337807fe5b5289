/** The commands on stores, on a directory store of their own; compared with C++ Nix where it is there. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nivisLater, type Printed } from "./terminal-double.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-store-commands-"));
const root = join(folder, "root");
const tree = join(folder, "tree");

beforeAll(() => {
  mkdirSync(join(tree, "bin"), { recursive: true });
  writeFileSync(join(tree, "bin", "run"), "#!/bin/sh\necho hi\n");
  chmodSync(join(tree, "bin", "run"), 0o755);
  writeFileSync(join(tree, "data"), "some data\n");
  symlinkSync("bin/run", join(tree, "link"));
});
afterAll(() => {
  spawnSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
});

const on = (...args: string[]): Promise<Printed> => nivisLater([...args, "--store", root]);

async function line(...args: string[]): Promise<string> {
  const { code, out, err } = await on(...args, "--quiet");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return out.trimEnd();
}

const isNixInstalled = spawnSync("nix-store", ["--version"]).status === 0;

/** Asks C++ Nix, which needs no store for this. */
function reference(...args: string[]): string {
  return execFileSync("nix", ["--extra-experimental-features", "nix-command", ...args], {
    encoding: "utf8",
    env: {
      ...process.env,
      NIX_REMOTE: `local?root=${join(folder, "reference")}`,
      NIX_CONF_DIR: "/var/empty",
    },
  }).trimEnd();
}

describe("store add", () => {
  test("adds by content, and only names the path when asked so", async () => {
    const dry = await line("store", "add", "--dry-run", tree);
    expect(dry).toMatch(/^\/nix\/store\/[0-9a-z]{32}-tree$/);
    expect((await on("path-info", dry)).err).toBe(
      `don't know how to build these paths:\n  ${dry}\nerror: path '${dry}' is not valid\n`,
    );
    expect(await line("store", "add", tree)).toBe(dry);
    expect(await line("store", "add", tree)).toBe(dry);
    expect(readFileSync(join(root, dry, "data"), "utf8")).toBe("some data\n");
    if (isNixInstalled) expect(reference("store", "add-path", tree)).toBe(dry);
    const flat = await line("store", "add", "--mode", "flat", "--name", "flat", join(tree, "data"));
    if (isNixInstalled) {
      expect(reference("store", "add-file", "--name", "flat", join(tree, "data"))).toBe(flat);
    }
    const text = await line("store", "add", "--mode", "text", join(tree, "data"));
    expect(text).toMatch(/-data$/);
  });

  test("says what is wrong", async () => {
    expect(await on("store", "add", join(folder, "nothing"))).toMatchObject({
      code: 1,
      err: `error: opening file "${join(folder, "nothing")}": No such file or directory\n`,
    });
    expect((await on("store", "add", "--mode", "flat", tree)).err).toContain(
      "is not a regular file",
    );
    expect((await on("store", "add")).err).toContain("give one path");
    expect((await on("store", "add", "--mode", "git", tree)).err).toContain(
      "hashing by 'git' is not supported yet",
    );
    expect((await on("store", "adds", tree)).err).toContain("Did you mean add?");
    expect((await nivisLater(["store", "add", tree, "--store", "dummy://"])).err).toBe(
      "error: operation 'addToStore' is not supported by store 'dummy://'\n",
    );
    expect((await nivisLater(["store", "info", "--store", "s3://bucket"])).err).toContain(
      "stores with scheme 's3' are not supported",
    );
    expect((await nivisLater(["store", "info", "--store", "nonsense://x"])).err).toBe(
      "error: don't know how to open Nix store with scheme 'nonsense'\n",
    );
    expect((await on("path-info", "nixpkgs#hello", "--flake-registry", "")).err).toContain(
      "cannot find flake 'flake:nixpkgs' in the flake registries",
    );
  });
});

describe("store prefetch-file", () => {
  const url = (name: string): string => `file://${folder}/${name}`;
  /** The path and hash that a download gets. */
  async function fetched(...args: string[]): Promise<{ storePath: string; hash: string }> {
    return JSON.parse(await line("store", "prefetch-file", "--json", ...args));
  }

  beforeAll(() => {
    execFileSync("tar", ["-C", folder, "-czf", join(folder, "tree.tgz"), "tree"]);
    execFileSync("tar", ["-C", tree, "-czf", join(folder, "file.tgz"), "data"]);
    execFileSync("tar", ["-C", folder, "-czf", join(folder, "none.tgz"), "-T", "/dev/null"]);
    writeFileSync(join(folder, "plain"), "hi\n");
  });

  test("adds a file, an executable or what is in an archive", async () => {
    const plain = await fetched(url("plain"));
    expect(plain.hash).toBe("sha256-mOpuTyFvL7S2n/+bOkSELDhobKaF8/VdxIxdP7EQe+Q=");
    expect(readFileSync(join(root, plain.storePath), "utf8")).toBe("hi\n");
    const program = await fetched("--executable", "--name", "run", url("plain"));
    expect(program.hash).toBe("sha256-tVvOGrOHiHZTZEkRVN8MV1pJWcJHq80NLSSm26SxDac=");
    expect(statSync(join(root, program.storePath)).mode & 0o111).toBe(0o111);
    const whole = await fetched("--unpack", url("tree.tgz"));
    expect(whole.hash).toBe(await line("hash", "path", tree));
    // A file that is alone in its archive is the top level, too.
    const single = await fetched("--unpack", url("file.tgz"));
    expect(single.hash).toBe(await line("hash", "path", join(tree, "data")));
    const { hash } = await fetched("--hash-type", "sha512", url("plain"));
    expect(hash).toMatch(/^sha512-/);
  });

  test("tells people where the file is", async () => {
    const { code, out, err } = await on("store", "prefetch-file", url("plain"));
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toMatch(
      /^Downloaded 'file:\/\/.*\/plain' to '\/nix\/store\/.*-plain' \(hash 'sha256-mOpu.*='\)\.\n$/,
    );
  });

  test("downloads nothing that the store has with the expected hash", async () => {
    const { storePath, hash } = await fetched("--name", "kept", url("plain"));
    const again = await fetched("--name", "kept", "--expected-hash", hash, url("missing"));
    expect(again).toEqual({ storePath, hash });
  });

  test.each<[string, string[], RegExp]>([
    [
      "another hash",
      ["--expected-hash", `sha256-${"A".repeat(43)}=`, url("plain")],
      /^error: hash mismatch for 'file:.*plain':\n +specified: sha256-A+=\n +got: +sha256-mOpu/,
    ],
    [
      "a missing file",
      [url("missing")],
      /Could not read a file:\/\/ file \(37\) Could not open file/,
    ],
    ["a directory", [url("tree")], /error: unable to download 'file:.*tree': it is a directory/],
    [
      "no archive",
      ["--unpack", url("plain")],
      /failed to open archive: Unrecognized archive format/,
    ],
    [
      "an empty archive",
      ["--unpack", url("none.tgz")],
      /error: archive 'file:.*none.tgz' is empty/,
    ],
    ["a bad name", ["--name", "a b", url("plain")], /error: name 'a b' contains illegal character/],
    ["a bad URL", ["x"], /error: URL 'x' doesn't have a scheme/],
    ["a scheme that is not supported", ["ftp://h/x"], /the scheme 'ftp' is not supported/],
    ["two URLs", [url("plain"), "b"], /unexpected argument 'b'/],
    [
      "a name in the URL that is bad",
      [url("a b")],
      /file name 'a b' was extracted from URL '.*'\n\n +error: name 'a b' contains illegal character/,
    ],
  ])("refuses %s", async (_, args, message) => {
    const { code, err } = await on("store", "prefetch-file", ...args);
    expect(err).toMatch(message);
    expect(code).toBe(1);
  });
});

describe("wrong arguments are named as C++ Nix names them", () => {
  const missing = `/nix/store/${"a".repeat(32)}-x`;
  let plain: string;
  let cache: string;

  beforeAll(async () => {
    plain = await line("store", "add", "--name", "plain", join(tree, "data"));
    symlinkSync(plain, join(folder, "to-plain"));
    cache = `file://${folder}/wrong-cache`;
    const copied = await nivisLater(["copy", "--from", root, "--to", cache, plain]);
    expect(copied.code).toBe(0);
  });

  /** What a command prints about an error. */
  async function failure(...args: string[]): Promise<string> {
    const { code, out, err } = await nivisLater(args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    return err.replaceAll(folder, "DIR");
  }

  test("a path without a deriver", async () => {
    const message = `error: '${plain}' does not have a known deriver\n`;
    for (const path of [plain, join(folder, "to-plain")]) {
      for (const command of [
        ["path-info", "--derivation"],
        ["derivation", "show"],
      ]) {
        expect(await failure(...command, path, "--store", root)).toBe(message);
      }
    }
  });

  test("paths that are not valid", async () => {
    for (const command of ["ls", "cat"]) {
      const args = ["store", command, missing, "--store"];
      expect(await failure(...args, cache)).toBe(`error: path '${missing}' is not valid\n`);
      expect(await failure(...args, root)).toBe(
        `error: path '${missing}' is not a valid store path\n`,
      );
    }
    expect(await failure("derivation", "show", `${missing}.drv`, "--store", root)).toBe(
      `error: path '${missing}.drv' is not a valid store path\n`,
    );
  });

  test("files", async () => {
    expect(await failure("store", "sign", plain, "-k", `${folder}/no-key`, "--store", root)).toBe(
      'error: opening file "DIR/no-key": No such file or directory\n',
    );
    expect(await failure("store", "sign", plain, "-k", folder, "--store", root)).toBe(
      "error: read of 65536 bytes: Is a directory\n",
    );
    for (const command of ["path", "file"]) {
      expect(await failure("hash", command, `${folder}/missing`)).toBe(
        'error: opening file "DIR/missing": No such file or directory\n',
      );
    }
    expect(await failure("hash", "file", "missing")).toBe(
      'error: opening file "missing": No such file or directory\n',
    );
    expect(await failure("hash", "file", tree)).toBe(
      "error: read of 65536 bytes: Is a directory\n",
    );
    expect(await failure("hash", "path", "/dev/null")).toBe(
      'error: file "/dev/null" has an unsupported type\n',
    );
  });

  test("nothing to hash is not an error", async () => {
    expect(await nivisLater(["hash", "path"])).toMatchObject({ code: 0, out: "", err: "" });
  });
});

describe("looking at paths", () => {
  let path = "";
  beforeAll(async () => {
    path = await line("store", "add", tree);
  });

  test("lists and prints files", async () => {
    expect(await line("store", "ls", path)).toBe("./bin\n./data\n./link");
    expect(await line("store", "ls", "-lR", path)).toBe(
      [
        "dr-xr-xr-x                    0 ./bin",
        "-r-xr-xr-x                   18 ./bin/run",
        "-r--r--r--                   10 ./data",
        "lrwxrwxrwx                    0 ./link -> bin/run",
      ].join("\n"),
    );
    expect(await line("store", "ls", "-d", path)).toBe(".");
    expect(await line("store", "ls", "-l", `${path}/data`)).toBe(
      "-r--r--r--                   10 data",
    );
    expect(JSON.parse(await line("store", "ls", "--json", path))).toEqual({
      type: "directory",
      entries: { bin: {}, data: {}, link: {} },
    });
    expect(JSON.parse(await line("store", "ls", "--json", "-R", path)).entries.link).toEqual({
      type: "symlink",
      target: "bin/run",
    });
    expect(await line("store", "cat", `${path}/bin/run`)).toBe("#!/bin/sh\necho hi");
    expect((await on("store", "cat", path)).err).toBe("error: path '/' is not a regular file\n");
    expect((await on("store", "cat", `${path}/link/../../../etc/passwd`)).code).toBe(1);
    expect((await on("store", "ls", `${path}/nothing`)).err).toContain("does not exist");
    const link = join(folder, "link-to-it");
    symlinkSync(path, link);
    expect(await line("path-info", link)).toBe(path);
    // What is not in the store can only be a flake.
    expect((await on("path-info", "/etc/passwd")).err).toBe(
      'error: path "/etc/passwd" is not a flake (because it\'s not a directory)\n',
    );
  });

  test("dumps NARs, and reads them", async () => {
    const dumped = await on("store", "dump-path", path);
    const packed = await nivisLater(["nar", "pack", tree]);
    expect(packed.out).toBe(dumped.out);
    const file = join(folder, "tree.nar");
    writeFileSync(file, dumped.out, "latin1");
    expect((await nivisLater(["nar", "ls", "-R", file, "/"])).out).toBe(
      "./bin\n./bin/run\n./data\n./link\n",
    );
    expect((await nivisLater(["nar", "cat", file, "/data"])).out).toBe("some data\n");
    expect((await nivisLater(["nar", "cat", file, "/nothing"])).err).toBe(
      "error: NAR does not contain regular file '/nothing'\n",
    );
    writeFileSync(file, dumped.out.slice(0, 300), "latin1");
    expect((await nivisLater(["nar", "ls", file, "/"])).err).toContain("unexpected end-of-file");
  });

  test("tells path infos in all formats", async () => {
    expect(await line("path-info", "-s", path)).toMatch(/^\/nix\/store\/\S+-tree\t {8}\d+$/);
    expect(await line("path-info", "-sSh", path)).toMatch(/\t {3}\d\.\d KiB\t {3}\d\.\d KiB$/);
    expect(await line("path-info", "--sigs", path)).toContain("\tca:fixed:r:sha256:");
    const one = await on("path-info", "--json", path);
    expect(one.err).toContain("warning: '--json' without '--json-format' is deprecated");
    expect(JSON.parse(one.out)[path]).toMatchObject({
      ca: expect.stringMatching(/^fixed:r:sha256:/),
      deriver: null,
      narHash: expect.stringMatching(/^sha256-/),
      references: [],
      signatures: [],
      storeDir: "/nix/store",
      ultimate: false,
      version: 1,
    });
    const base = path.slice("/nix/store/".length);
    const three = JSON.parse(await line("path-info", "--json", "--json-format", "3", "-S", path));
    expect(three).toMatchObject({ version: 3, storeDir: "/nix/store" });
    expect(three.info[base]).toMatchObject({ version: 3, ca: { method: "nar" } });
    expect(three.info[base].closureSize).toBe(three.info[base].narSize);
    const gone = `/nix/store/${"0".repeat(32)}-gone`;
    const missing = await on("path-info", "--json", "--json-format", "1", gone);
    expect(JSON.parse(missing.out)).toEqual({ [gone]: null });
    expect(missing.err).toBe(`don't know how to build these paths:\n  ${gone}\n`);
    expect((await on("path-info", "--json-format", "4", path)).err).toContain(
      "unsupported path info JSON format version 4",
    );
    expect(await line("path-info", "--all")).toContain(path);
    expect(await line("store", "path-from-hash-part", base.slice(0, 32))).toBe(path);
  });

  test("says what the store is", async () => {
    const { code, err } = await on("store", "info");
    expect({ code, err }).toEqual({ code: 0, err: `Store URL: local://${root}\nTrusted: 1\n` });
    expect(JSON.parse(await line("store", "info", "--json"))).toEqual({
      trusted: true,
      url: `local://${root}`,
    });
  });
});

describe("hash", () => {
  test("agrees with C++ Nix", async () => {
    const ours = async (...args: string[]) => (await nivisLater(["hash", ...args])).out.trimEnd();
    expect(await ours("file", join(tree, "data"))).toMatch(/^sha256-.{43}=$/);
    if (!isNixInstalled) return;
    expect(await ours("path", tree)).toBe(reference("hash", "path", tree));
    expect(await nivisLater(["hash", "path", "--format", "base32", tree])).toEqual({
      code: 0,
      out: `${await ours("path", "--format", "nix32", tree)}\n`,
      err: 'warning: "base32" is a deprecated alias for hash format "nix32".\n',
    });
    for (const form of ["--base16", "--base32", "--base64", "--sri"]) {
      for (const type of ["md5", "sha1", "sha256", "sha512"]) {
        const args = ["file", form, "--type", type, join(tree, "data")];
        expect(await ours(...args)).toBe(reference("hash", ...args));
      }
    }
  });

  test("converts", async () => {
    const sha1 = "800d59cfcd3c05e900cb4e214be48f6b886a08df";
    const convert = (...args: string[]) => nivisLater(["hash", "convert", ...args]);
    expect((await convert("--hash-algo", "sha1", sha1)).out).toBe(
      "sha1-gA1Zz808BekAy04hS+SPa4hqCN8=\n",
    );
    expect((await convert("--to", "nix32", `sha1:${sha1}`)).out).toBe(
      "vw46m23bizj4n8afrc0fj19wrp7mj3c0\n",
    );
    expect((await convert("--from", "nix32", `sha1:${sha1}`)).err).toContain(
      "has format 'base16', but '--from nix32' was specified",
    );
    expect((await convert(sha1)).err).toContain("does not include a type");
  });
});

describe("signing and verifying", () => {
  test("makes keys, signs, and checks", async () => {
    const key = (await nivisLater(["key", "generate-secret", "--key-name", "k-1"])).out;
    const file = join(folder, "secret.key");
    writeFileSync(file, key);
    const publicKey = (await nivisLater(["key", "convert-secret-to-public"], { input: key })).out;
    expect(publicKey).toMatch(/^k-1:.{43}=$/);
    const path = await line("store", "add", tree);
    expect((await on("store", "sign", "-k", file, path)).code).toBe(0);
    expect(await line("path-info", "--sigs", path)).toContain(" k-1:");
    expect(await line("store", "verify", path, "--trusted-public-keys", publicKey)).toBe("");

    // In a cache without content addresses, only signatures count.
    const cache = join(folder, "cache");
    await line("copy", "--to", `file://${cache}?compression=none`, path);
    const narinfo = join(cache, `${path.slice(11, 43)}.narinfo`);
    writeFileSync(narinfo, readFileSync(narinfo, "latin1").replace(/^CA: .*\n/m, ""));
    const there = ["store", "verify", "--store", `file://${cache}`, path];
    expect((await nivisLater([...there, "--trusted-public-keys", publicKey])).code).toBe(0);
    const untrusted = await nivisLater(there);
    expect(untrusted).toMatchObject({
      code: 2,
      err: `checking '${path}'...\npath '${path}' is untrusted\n`,
    });
    expect((await nivisLater([...there, "--no-trust"])).code).toBe(0);
    const other = join(folder, "other");
    const copy = ["copy", "--from", `file://${cache}`, "--to", other, path];
    expect((await nivisLater(copy)).err).toContain("because it lacks a signature by a trusted key");
    expect((await nivisLater([...copy, "--trusted-public-keys", publicKey])).code).toBe(0);

    chmodSync(join(root, path, "data"), 0o644);
    writeFileSync(join(root, path, "data"), "other data");
    const broken = await on("store", "verify", "--no-trust", path);
    expect(broken.code).toBe(1);
    expect(broken.err).toContain(`\npath '${path}' was modified! expected hash 'sha256:`);
  });
});

describe("copy", () => {
  test("links to what was copied, as roots or as a generation of a profile", async () => {
    const path = await line("store", "add", "--name", "linked", tree);
    const other = join(folder, "linked");
    const copy = ["copy", "--no-check-sigs", "--from", root, "--to", other, path];
    const [link, profile] = [join(folder, "link"), join(folder, "profile")];
    expect(await nivisLater([...copy, "--out-link", link])).toMatchObject({ code: 0 });
    expect(readlinkSync(link)).toBe(path);
    for (let i = 0; i < 2; i++) {
      expect(await nivisLater([...copy, "--profile", profile])).toMatchObject({ code: 0 });
    }
    expect(readlinkSync(profile)).toBe("profile-1-link");
    expect(readlinkSync(`${profile}-1-link`)).toBe(path);
    expect((await nivisLater(["store", "gc", "--store", other])).code).toBe(0);
    expect(readFileSync(join(other, path, "data"), "utf8")).toBe("some data\n");

    const toCache = ["copy", "--from", root, "--to", `file://${folder}/link-cache`, path];
    expect((await nivisLater([...toCache, "-o", join(folder, "no-link")])).err).toMatch(
      /error: '--out-link' is not supported for this Nix store\n$/,
    );
    expect((await nivisLater([...toCache, "--profile", join(folder, "no-profile")])).err).toMatch(
      /error: '--profile' is not supported for this Nix store\n$/,
    );
  });
});

describe("derivations", () => {
  const json = {
    name: "d",
    version: 4,
    outputs: { out: {} },
    inputs: { drvs: {}, srcs: [] },
    system: "x86_64-linux",
    builder: "/bin/sh",
    args: ["-c", "echo > $out"],
    env: { out: "", name: "d" },
  };
  const add = (value: unknown, ...args: string[]) =>
    nivisLater(["derivation", "add", "--store", root, ...args], { input: JSON.stringify(value) });

  test("are added and shown", async () => {
    const { out, err } = await add(json);
    expect(err).toBe("");
    const drv = out.trim();
    expect(drv).toMatch(/-d\.drv$/);
    const shown = JSON.parse(await line("derivation", "show", drv));
    const base = drv.slice("/nix/store/".length);
    const output = shown.derivations[base].outputs.out.path;
    expect(shown.derivations[base].env.out).toBe(`/nix/store/${output}`);
    // What is shown can be added, and gives the same.
    expect((await add(shown.derivations[base], "--dry-run")).out.trim()).toBe(drv);
    expect(
      (await add({ ...shown.derivations[base], outputs: { out: { path: `${"0".repeat(32)}-d` } } }))
        .err,
    ).toContain(
      `derivation has incorrect output '/nix/store/${"0".repeat(32)}-d', should be '/nix/store/${output}'`,
    );
    const user = await add({
      ...json,
      name: "user",
      inputs: { drvs: { [base]: { outputs: ["out"], dynamicOutputs: {} } }, srcs: [] },
      env: { out: "", big: "x", input: `/nix/store/${output}` },
      structuredAttrs: undefined,
    });
    expect(user.err).toBe("");
    const all = JSON.parse(await line("derivation", "show", "-r", user.out.trim()));
    expect(Object.keys(all.derivations).sort()).toEqual([base, user.out.trim().slice(11)].sort());
    expect(await line("why-depends", user.out.trim(), drv)).toBe(
      `${user.out.trim()}\n└───${drv}\x1b[0m`,
    );
    expect(await line("why-depends", "--precise", user.out.trim(), drv)).toContain(`/: …`);
    const not = await on("why-depends", drv, user.out.trim());
    expect(not).toMatchObject({
      code: 0,
      out: "",
      err: `'${drv}' does not depend on '${user.out.trim()}'\n`,
    });
  });

  test("keep their numbers exactly", async () => {
    const text = JSON.stringify({ ...json, name: "s", env: {} }).replace(
      /\}$/,
      ',"structuredAttrs":{"b":12345678901234567890,"a":1.50}}',
    );
    const { out, err } = await nivisLater(["derivation", "add", "--store", root], { input: text });
    expect(err).toBe("");
    expect(await line("derivation", "show", out.trim())).toContain(
      '"structuredAttrs":{"a":1.5,"b":12345678901234567890}',
    );
  });

  test("are refused with a place", async () => {
    expect((await add({ ...json, version: 3 })).err).toContain(
      "Unsupported derivation JSON format version 3, only format version 4 is currently supported.",
    );
    expect((await add({ ...json, args: "x" })).err).toContain(
      "error: Expected JSON value to be of type 'array' but it is of type 'string': \"x\"\n",
    );
    expect((await add({ ...json, inputs: { drvs: {}, srcs: [3] } })).err).toBe(
      "error:\n       … while reading key 'inputs'\n\n       … while reading key 'srcs'\n\n       error: Expected JSON value to be of type 'string' but it is of type 'number': 3\n",
    );
    expect((await add({ ...json, version: "4" })).err).toContain(
      "Expected JSON value to be an unsigned integral number but it is of type 'string': \"4\"",
    );
    expect((await add({ ...json, outputs: { out: { odd: 1 } } })).err).toContain(
      "invalid JSON for derivation output",
    );
    expect(
      (await nivisLater(["derivation", "add", "--store", root], { input: "{" })).err,
    ).toContain("invalid JSON");
  });
});

describe("a cache in a directory", () => {
  test("is made with the folders of C++ Nix, also where it is only listed", async () => {
    const cache = join(folder, "new-cache");
    expect(
      await nivisLater(["path-info", "--all", "--store", `file://${cache}?index-debug-info=true`]),
    ).toEqual({ code: 0, out: "", err: "" });
    expect(readdirSync(cache).sort()).toEqual([
      "build-trace-v2",
      "debuginfo",
      "log",
      "nar",
      "nix-cache-info",
    ]);
  });
});

describe("garbage", () => {
  test("is counted, kept alive by roots, and deleted", async () => {
    const own = join(folder, "garbage");
    const here = (...args: string[]) => nivisLater([...args, "--store", own]);
    writeFileSync(join(folder, "a"), "a");
    writeFileSync(join(folder, "b"), "b");
    const a = (await here("store", "add", join(folder, "a"))).out.trim();
    const b = (await here("store", "add", join(folder, "b"))).out.trim();
    mkdirSync(join(own, "nix/var/nix/gcroots"), { recursive: true });
    symlinkSync(a, join(own, "nix/var/nix/gcroots/a"));
    expect((await here("store", "gc", "--dry-run")).out).toBe("1 store paths would be deleted\n");
    const alive = await here("store", "delete", a);
    expect(alive.code).toBe(1);
    expect(alive.err).toContain(`Cannot delete path '${a}' since it is still alive.`);
    expect((await here("store", "gc")).out).toMatch(/^1 store paths deleted, 0\.\d KiB freed\n$/);
    expect((await here("path-info", b)).code).toBe(1);
    expect((await here("path-info", a)).code).toBe(0);
    rmSync(join(own, "nix/var/nix/gcroots/a"));
    expect((await here("store", "delete", a)).out).toMatch(/^1 store paths deleted/);
  });
});

describe("log", () => {
  test("is read from a store, or said to be missing", async () => {
    const drv = `/nix/store/${"1".repeat(32)}-logged.drv`;
    const logs = join(root, "nix/var/log/nix/drvs/11");
    mkdirSync(logs, { recursive: true });
    writeFileSync(join(logs, `${"1".repeat(30)}-logged.drv`), "a log\n");
    expect(await line("log", drv, "--substituters", "")).toBe("a log");
    const other = `/nix/store/${"2".repeat(32)}-other.drv`;
    expect((await on("log", other, "--substituters", "")).err).toBe(
      `error: build log of '${other}' is not available\n`,
    );
  });
});
