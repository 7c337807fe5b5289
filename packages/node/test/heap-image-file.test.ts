/** Files of heap images: damage, foreign files, several writers, killed writers and limits of size. */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  heapImageDirectory,
  InputRecorder,
  openHeapImageFile,
  type RecordedInputs,
  writeHeapImage,
} from "@nivis/node";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sourceAliases } from "../../../scripts/workspace.mjs";

const KEY = '["a key", "ä"]';
const MIB = 2 ** 20;

let folder: string;
/** A directory of caches. */
let caches: string;
/** A program that writes images until it is killed: directory, key, byte and size as arguments. */
let writer: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nivis-image-files-"));
  writer = join(folder, "writer.mjs");
  await build({
    stdin: {
      contents: `
        import { InputRecorder } from "../src/inputs/input-recorder.ts";
        import { writeHeapImage } from "../src/heap-image-file.ts";
        const [directory, key, byte, size, times] = process.argv.slice(2);
        const inputs = new InputRecorder().finish();
        const image = new Uint8Array(Number(size)).fill(Number(byte));
        let written = 0;
        process.stdout.write("started\\n");
        for (let i = 0; i < Number(times); i++) {
          if (writeHeapImage(directory, key, { inputs, image })) written++;
        }
        process.stdout.write(String(written));
      `,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    outfile: writer,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    alias: sourceAliases(),
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  caches = mkdtempSync(join(folder, "caches-"));
});

afterEach(() => rmSync(caches, { recursive: true, force: true }));

function someInputs(): RecordedInputs {
  const inputs = new InputRecorder();
  inputs.variable("NAME", "value");
  return inputs.finish() as RecordedInputs;
}

/** Every file below the directory of images. */
function files(): string[] {
  const images = heapImageDirectory(caches);
  if (!existsSync(images)) return [];
  return readdirSync(images, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Writes an image and returns its file. */
function write(image: Uint8Array, key = KEY): string {
  const before = files();
  expect(writeHeapImage(caches, key, { inputs: someInputs(), image })).toBe(true);
  return files().find((file) => !before.includes(file)) as string;
}

/** Reads a whole image. */
function read(key = KEY) {
  const file = openHeapImageFile(caches, key);
  if (file === undefined) return undefined;
  const { inputs, image } = file;
  const bytes = Buffer.alloc(image.length);
  expect(image.read(bytes, 0)).toBe(true);
  expect(image.read(Buffer.alloc(9), image.length)).toBe(false);
  file.close();
  expect(image.read(bytes, 0)).toBe(bytes.length === 0);
  return { inputs, image: bytes };
}

describe("a file", () => {
  test("has the image and its inputs", () => {
    for (let length = 0; length < 20; length++) {
      const image = randomBytes(length);
      expect(writeHeapImage(caches, KEY, { inputs: someInputs(), image })).toBe(true);
      const found = read();
      expect(found?.image.equals(image)).toBe(true);
      expect(found?.inputs.others).toEqual(someInputs().others);
    }
    expect(files()).toHaveLength(1);
    expect(read("another key")).toBeUndefined();
  });

  test("is not used if it was cut off, wherever that was, or made longer", () => {
    const file = write(randomBytes(300));
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      expect(read(), `${length} bytes`).toBeUndefined();
    }
    writeFileSync(file, Buffer.concat([whole, Buffer.alloc(8)]));
    expect(read()).toBeUndefined();
    writeFileSync(file, whole);
    expect(read()).toBeDefined();
  });

  test("gives no other inputs if a bit of it is wrong", () => {
    const image = randomBytes(40);
    const file = write(image);
    const whole = readFileSync(file);
    const imageAt = whole.indexOf(image);
    let rejected = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 0x80]) {
        const wrong = Buffer.from(whole);
        wrong[at] = (wrong[at] as number) ^ bit;
        writeFileSync(file, wrong);
        const found = read();
        if (found === undefined) {
          rejected++;
          continue;
        }
        expect(found.inputs.others).toEqual(someInputs().others);
        // The image has a hash of its own.
        expect(image.equals(found.image)).toBe(at < imageAt);
      }
    }
    expect(rejected).toBeGreaterThan(2 * (48 + KEY.length));
  });

  test("is not used under the name of another key", () => {
    const first = write(randomBytes(10));
    const second = write(randomBytes(10), "another key");
    writeFileSync(second, readFileSync(first));
    expect(read("another key")).toBeUndefined();
    expect(read()).toBeDefined();
  });

  test("can be a directory, a device or nothing", () => {
    const file = write(randomBytes(10));
    rmSync(file);
    expect(read()).toBeUndefined();
    mkdirSync(file);
    expect(read()).toBeUndefined();
    expect(writeHeapImage(caches, KEY, { inputs: someInputs(), image: randomBytes(5) })).toBe(
      false,
    );
    // Nothing unfinished is left.
    expect(files()).toEqual([]);
  });
});

describe("rights", () => {
  const parts = {
    file: (file: string) => file,
    shard: (file: string) => dirname(file),
    "directory of images": (file: string) => dirname(dirname(file)),
  };

  test.each(Object.entries(parts))("of others to write to the %s prevent its use", (_, of) => {
    const file = write(randomBytes(10));
    const mode = of === parts.file ? 0o600 : 0o700;
    for (const more of [0o020, 0o002, 0o022]) {
      chmodSync(of(file), mode | more);
      expect(read()).toBeUndefined();
      if (of !== parts.file) {
        expect(writeHeapImage(caches, KEY, { inputs: someInputs(), image: randomBytes(5) })).toBe(
          false,
        );
      }
    }
    chmodSync(of(file), mode | 0o044);
    expect(read()).toBeDefined();
  });

  test.runIf(process.geteuid?.() === 0).each(Object.entries(parts))(
    "of another owner of the %s prevent its use",
    (_, of) => {
      const file = write(randomBytes(10));
      chownSync(of(file), 12345, 12345);
      expect(read()).toBeUndefined();
      chownSync(of(file), 0, 0);
      expect(read()).toBeDefined();
    },
  );

  test("are the user's alone, whatever the umask is", () => {
    const umask = process.umask(0);
    try {
      const file = write(randomBytes(10));
      expect(read()).toBeDefined();
      expect(spawnSync("stat", ["-c", "%a", file, dirname(file)]).stdout.toString()).toBe(
        "600\n700\n",
      );
    } finally {
      process.umask(umask);
    }
  });
});

/** Whether all bytes of what is found are the same, as those of each writer are. */
function isUniform(image: Uint8Array): boolean {
  return image.every((byte) => byte === image[0]);
}

describe("writers", () => {
  const start = (byte: number, size: number, times: number) =>
    spawn(process.execPath, [writer, caches, KEY, String(byte), String(size), String(times)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  const started = (child: ReturnType<typeof start>) =>
    new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  const ended = (child: ReturnType<typeof start>) =>
    new Promise<void>((resolve) => child.once("close", () => resolve()));

  test("at once leave the file of one of them", async () => {
    const children = [start(1, 300_000, 60), start(2, 500_000, 60), start(3, 10, 60)];
    let running = children.length;
    const out = children.map((child) => {
      let text = "";
      child.stdout?.on("data", (piece: Buffer) => {
        text += piece.toString();
      });
      return ended(child).then(() => {
        running--;
        return text;
      });
    });
    let found = 0;
    while (running > 0) {
      const image = read()?.image;
      if (image !== undefined) {
        found++;
        expect(isUniform(image)).toBe(true);
        expect([300_000, 500_000, 10][(image[0] as number) - 1]).toBe(image.length);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await Promise.all(out)).toEqual(["started\n60", "started\n60", "started\n60"]);
    expect(found).toBeGreaterThan(0);
    expect(files()).toHaveLength(1);
  });

  test("that are killed leave the file that there was or a new one", async () => {
    const SIZE = 8 * MIB;
    for (let round = 1; round <= 8; round++) {
      const child = start(round, SIZE, 1_000_000);
      await started(child);
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.kill("SIGKILL");
      await ended(child);
      const image = read()?.image;
      if (image !== undefined) {
        expect(image).toHaveLength(SIZE);
        expect(isUniform(image)).toBe(true);
        expect(image[0]).toBeLessThanOrEqual(round);
      }
    }
    // What they have left unfinished goes with the next image, once it is old.
    for (const file of files()) if (file.endsWith(".tmp")) utimesSync(file, 1, 1);
    write(randomBytes(10), "another key");
    expect(files().filter((file) => file.endsWith(".tmp"))).toEqual([]);
  });

  test.runIf(process.platform === "linux")("without space keep what there was", () => {
    const image = randomBytes(1000);
    write(image);
    const { stdout } = spawnSync("sh", [
      "-c",
      'trap "" XFSZ; ulimit -f 64; exec "$@"',
      "sh",
      process.execPath,
      ...[writer, caches, KEY, "1", String(MIB), "2"],
    ]);
    expect(stdout.toString()).toBe("started\n0");
    expect(read()?.image).toEqual(image);
    expect(files()).toHaveLength(1);
  });
});

describe("sizes", () => {
  test("beyond 512 MiB are neither written nor read", () => {
    const image = new Uint8Array(512 * MIB);
    expect(writeHeapImage(caches, KEY, { inputs: someInputs(), image })).toBe(false);
    expect(files()).toEqual([]);
    const file = write(randomBytes(10));
    // The file has no blocks on the disk.
    truncateSync(file, 512 * MIB + 8);
    expect(read()).toBeUndefined();
  });

  test("of all images are kept below 1 GiB; those go that were not used for the longest time", () => {
    const old = write(randomBytes(10), "old");
    const older = write(randomBytes(10), "older");
    truncateSync(old, 500 * MIB);
    truncateSync(older, 600 * MIB);
    utimesSync(old, 2000, 2000);
    utimesSync(older, 1000, 1000);
    const file = write(randomBytes(10));
    expect(files().sort()).toEqual([old, file].sort());
    expect(read()).toBeDefined();
  });
});
