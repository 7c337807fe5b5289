/** Evaluation over files that arrive as promises gives what it gives over files that are there. */
import { describe, expect, test } from "vitest";
import {
  type EvalIo,
  Evaluation,
  memoryIo,
  printAmbiguous,
  renderLogMessage,
} from "../../src/index.ts";
import { type EventualFiles, WaitingIo } from "../../src/waiting-io.ts";

const FILES = {
  "/main.nix": "import ./lib { x = import ./dir; } + (import ./lib { x = 1; })",
  "/lib/default.nix": "{ x }: if builtins.isInt x then x else import ./deep.nix x",
  "/lib/deep.nix": "x: x.a + builtins.stringLength (builtins.readFile ../text)",
  "/dir": { target: "/real" },
  "/real/default.nix": "{ a = builtins.length (builtins.attrNames (builtins.readDir ./.)); }",
  "/real/other.nix": 'throw "never"',
  "/real/run.sh": { contents: "#!/bin/sh\n", executable: true },
  "/text": "hello",
  "/real/sub/inner": "inner",
};

/** The files of `io`, each answer a promise that takes a turn of the event loop. */
function eventual(io: EvalIo, asked: string[]): EventualFiles {
  const later = <Value>(question: string, answer: () => Value): Promise<Value> => {
    asked.push(question);
    return new Promise((resolve, reject) => {
      setTimeout(() => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  };
  return {
    readFile: (path) => later(`read ${path}`, () => io.readFile(path)),
    readDirectory: (path) => later(`list ${path}`, () => io.readDirectory(path)),
    fileType: (path) => later(`type ${path}`, () => io.fileType(path)),
    readLink: (path) => later(`link ${path}`, () => io.readLink(path)),
    isExecutable: (path) => later(`executable ${path}`, () => io.isExecutable(path)),
  };
}

async function both(text: string): Promise<{ sync: string; async: string; asked: string[] }> {
  const asked: string[] = [];
  const log: string[] = [];
  const io = memoryIo({
    files: FILES,
    log: (message) => log.push(renderLogMessage(message, false)),
  });
  const said = (error: unknown) => (error as Error).message;
  const plain = new Evaluation({ io });
  let sync: string;
  try {
    sync = printAmbiguous(plain.deepForce(plain.evaluate(text)));
  } catch (error) {
    sync = said(error);
  }
  sync += log.splice(0).join("\n");
  const waiting = new Evaluation({ io: new WaitingIo(io, eventual(io, asked)) });
  let answer: string;
  try {
    answer = printAmbiguous(await waiting.deepForceAsync(waiting.loadText(text)));
  } catch (error) {
    answer = said(error);
  }
  return { sync, async: answer + log.join("\n"), asked };
}

describe("the same values and errors", () => {
  test.each([
    "import ./main.nix",
    "map import [ ./main.nix ./lib/deep.nix ] == [ 1 ]",
    "builtins.readDir ./dir",
    "builtins.readFile ./text",
    "builtins.readFile ./nothing",
    "builtins.readFileType ./dir",
    "map builtins.pathExists [ ./dir ./nothing ./dir/sub/inner ]",
    'builtins.hashFile "sha256" ./dir/sub/inner',
    '"${./dir}" + toString ./dir',
    '"${./real}"',
    "builtins.toJSON [ ./real ./text { a = ./text; } ]",
    'builtins.path { path = ./real; filter = p: t: t != "directory"; }',
    'builtins.filterSource (p: t: baseNameOf p != "inner") ./real',
    'builtins.findFile [ { prefix = "x"; path = "/real"; } { prefix = ""; path = "/nowhere"; } ] "x/sub/inner"',
    'builtins.findFile [ { prefix = ""; path = "/nowhere"; } ] "y"',
    '(derivation { name = "x"; system = "s"; builder = ./real; src = ./text; args = [ ./text ]; }).drvPath',
    '(derivation { name = "x"; system = "s"; builder = "b"; __structuredAttrs = true; src = [ ./real ]; }).drvPath',
    "builtins.scopedImport { x = 3; } ./lib { x = 1; }",
    "(import ./nothing) + 1",
    "import ./real/other.nix",
    '"${./. + "/text"}"',
    "builtins.tryEval (import <nothing>)",
  ])("%s", async (text) => {
    const { sync, async: answer } = await both(text);
    expect(answer).toBe(sync);
  });
});

test("each question is asked once while its answer is of use", async () => {
  const { asked } = await both("import ./main.nix");
  expect(asked.filter((question) => question.startsWith("read "))).toEqual([
    "read /main.nix",
    "read /lib/default.nix",
    "read /real/default.nix",
    "read /lib/deep.nix",
    "read /text",
  ]);
});
