/** `fetchClosure` over a store that says what was copied. */
import { type ClosureRequest, Evaluation, memoryIo, type Store } from "@nivis/eval";
import { expect, test } from "vitest";

const PLAIN = "/nix/store/x93g3gvygaiq7h4b6zls3w7l5az1y526-f";
const ADDRESSED = "/nix/store/ldbhlwhh39wha58rm61bkiiwm6j7211j-f";

function open(valid: readonly string[] = []) {
  const copied: ClosureRequest[] = [];
  const store: Store = {
    capabilities: { reads: true, writes: true },
    storeDir: "/nix/store",
    isValidPath: (path) => valid.includes(path),
    references: () => [],
    readDerivation: () => undefined,
    addText: () => {},
    addSource: () => {},
    addDerivation: () => {},
    fetchClosure: (request) => {
      copied.push(request);
      const path = request.rewrite ? ADDRESSED : request.path;
      return { path, isContentAddressed: path === ADDRESSED };
    },
  };
  const settings = { experimentalFeatures: new Set(["fetch-closure"]) };
  const evaluation = new Evaluation({ io: memoryIo(), settings, store });
  const run = (attrs: string): unknown =>
    JSON.parse(evaluation.toJson(evaluation.loadText(`builtins.fetchClosure { ${attrs} }`)));
  return { run, copied };
}

const FROM = 'fromStore = "https://cache.example";';

test("content-addressed paths are copied as they are", () => {
  const { run, copied } = open();
  expect(run(`${FROM} fromPath = ${ADDRESSED};`)).toBe(ADDRESSED);
  expect(copied).toEqual([{ from: "https://cache.example", path: ADDRESSED, rewrite: false }]);
  expect(() => run(`${FROM} fromPath = ${ADDRESSED}; inputAddressed = true;`)).toThrow(
    `The store object referred to by 'fromPath' at '${ADDRESSED}' is not input-addressed`,
  );
});

test("others have to be asked for, or are rewritten", () => {
  const { run } = open();
  expect(() => run(`${FROM} fromPath = ${PLAIN};`)).toThrow(
    `The 'fromPath' value '${PLAIN}' is input-addressed, but 'inputAddressed' is set to 'false' (default).`,
  );
  expect(run(`${FROM} fromPath = ${PLAIN}; inputAddressed = true;`)).toBe(PLAIN);
  expect(run(`${FROM} fromPath = ${PLAIN}; toPath = ${ADDRESSED};`)).toBe(ADDRESSED);
  expect(() => run(`${FROM} fromPath = ${PLAIN}; toPath = "";`)).toThrow(
    `rewriting '${PLAIN}' to content-addressed form yielded '${ADDRESSED}'\nUse this value for the 'toPath' attribute passed to 'fetchClosure'`,
  );
  expect(() => run(`${FROM} fromPath = ${PLAIN}; toPath = ${PLAIN};`)).toThrow(
    `yielded '${ADDRESSED}', while '${PLAIN}' was expected`,
  );
});

test("a rewritten path that is there is only looked at", () => {
  const { run, copied } = open([ADDRESSED, PLAIN]);
  expect(run(`${FROM} fromPath = ${PLAIN}; toPath = ${ADDRESSED};`)).toBe(ADDRESSED);
  expect(copied).toEqual([{ from: "https://cache.example", path: ADDRESSED, rewrite: false }]);
  expect(() => run(`${FROM} fromPath = ${ADDRESSED}; toPath = ${PLAIN};`)).toThrow(
    `The 'toPath' value '${PLAIN}' is input-addressed`,
  );
});

test.each([
  ["fromPath = /nix/store/x;", /is not in the Nix store|not a valid/],
  [`fromPath = ${PLAIN};`, "attribute 'fromStore' is missing in call to 'fetchClosure'"],
  [FROM, "attribute 'fromPath' is missing in call to 'fetchClosure'"],
  ["a = 1;", "attribute 'a' isn't supported in call to 'fetchClosure'"],
  [
    `fromStore = "daemon"; fromPath = ${PLAIN};`,
    "'fetchClosure' only supports http:// and https:// stores",
  ],
  [
    `fromStore = "file:///x"; fromPath = ${PLAIN};`,
    "'fetchClosure' only supports http:// and https:// stores",
  ],
  [
    `fromStore = "https://h?a=b"; fromPath = ${PLAIN};`,
    "'fetchClosure' does not support URL query parameters (in 'https://h?a=b')",
  ],
  [
    `${FROM} fromPath = ${PLAIN}; toPath = ""; inputAddressed = true;`,
    "attribute 'inputAddressed' is set to true, but 'toPath' is also set. Please remove one of them",
  ],
])("%s is refused", (attrs, message) => {
  expect(() => open().run(attrs)).toThrow(message);
});
