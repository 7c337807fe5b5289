/** Sessions, handles, functions across the border, templates, schemas, and waiting. */
import { IoError } from "@nivis/eval";
import { describe, expect, expectTypeOf, test } from "vitest";
import { NixPath, NixText } from "../src/data.ts";
import { hostFunction, NixThrow } from "../src/host-function.ts";
import type { Nix } from "../src/nix.ts";
import { NixError } from "../src/nix-error.ts";
import type { NixValue } from "../src/nix-value.ts";
import { NixSchemaError, type StandardSchema } from "../src/schema.ts";
import { nix, rawNix } from "../src/template.ts";
import {
  createNix,
  evaluate,
  evaluateAsync,
  evaluateFile,
  evaluateFileAsync,
} from "./memory-host.ts";

function failure(run: () => unknown): NixError {
  try {
    run();
  } catch (error) {
    if (error instanceof NixError) return error;
    throw error;
  }
  throw new Error("no error");
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("no error");
    },
    (error: unknown) => error,
  );
}

const DERIVATION = '(derivation { name = "x"; system = "s"; builder = "b"; })';

describe("handles", () => {
  test("evaluate only what is asked for", () => {
    const value = createNix().open(
      '{ a = 1; b = throw "no"; c.d = [ 1 (throw "no") 3 ]; "e.f" = 2; }',
    );
    expect(value.isForced).toBe(false);
    expect(value.keys()).toEqual(["a", "b", "c", "e.f"]);
    expect(value.get("a").toData()).toBe(1);
    expect(value.get("e.f").toData()).toBe(2);
    expect(value.get("c", "d", 2).toData()).toBe(3);
    expect(value.get("c", "d").length).toBe(3);
    expect(value.length).toBe(4);
    expect(value.get("b").isForced).toBe(false);
    expect(failure(() => value.get("b").force()).message).toBe("no");
    expect(value.print()).toBe(
      '{ a = 1; b = «error: no»; c = { d = [ 1 «error: no» 3 ]; }; "e.f" = 2; }',
    );
  });

  test("say what is missing, and what was probably meant", () => {
    const value = createNix().open("{ hello = 1; }");
    expect([value.has("hello"), value.has("helo"), value.has("hello", "x")]).toEqual([
      true,
      false,
      false,
    ]);
    const error = failure(() => value.get("helo"));
    expect([error.kind, error.suggestions]).toEqual(["missing-attribute", ["hello"]]);
    expect(failure(() => value.get(0)).message).toBe("expected a list but found a set");
    expect(failure(() => createNix().open("1").keys()).message).toBe(
      "expected a set but found an integer",
    );
  });

  test("iterate over lists and sets", () => {
    const value = createNix().open('{ l = [ 1 "x" ]; s = { b = 2; a = 1; }; }');
    expect(Array.from(value.get("l"), (item) => item.toData())).toEqual([1, "x"]);
    expect(Array.from(value.get("s").entries(), ([name, item]) => [name, item.toData()])).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  test("convert to JSON, XML, strings and text", () => {
    const value = createNix().open('{ i = 9007199254740993; f = 1.0; p = /a; s = "é"; }');
    expect(value.json()).toBe('{"f":1.0,"i":9007199254740993,"p":"/a","s":"é"}');
    expect(JSON.stringify(createNix().open("{ a = [ 1 ]; }"))).toBe('{"a":[1]}');
    expect(value.xml()).toContain('<string value="é" />');
    expect(createNix().open("{ a = [ 1 ]; }").print({ multiline: true })).toBe(
      "{\n  a = [ 1 ];\n}",
    );
    expect(createNix().open('{ outPath = "/x"; }').string().text).toBe("/x");
    const { text, context } = createNix().open(`"\${${DERIVATION}}"`).string();
    expect(text).toMatch(/^\/nix\/store\/[0-9a-z]{32}-x$/);
    expect(context).toEqual([
      { kind: "output", output: "out", drvPath: expect.stringMatching(/-x\.drv$/) },
    ]);
  });

  test("compare like Nix", () => {
    const session = createNix();
    expect(session.open("{ a = [ 1 2 ]; }").equals({ a: [1, 2] })).toBe(true);
    expect(session.open("1").equals(nix`1 + 1`)).toBe(false);
  });

  test("describe functions", () => {
    const session = createNix();
    const set = session.open(`{
      /** Adds. */
      add = x: y: x + y;
      pkg = { a, b ? 1, ... }@args: a;
      part = builtins.map (x: x);
      /** A number. */
      n = 1;
    }`);
    const add = set.get("add").force();
    expect(add.function).toEqual({
      name: "add",
      isBuiltin: false,
      arity: 2,
      applied: 0,
      parameters: ["x", "y"],
      formals: undefined,
      ellipsis: false,
    });
    expect(add.doc?.trim()).toBe("Adds.");
    expect(add.position).toEqual({ file: "«string»", line: 3, column: 13 });
    expect(set.get("pkg").function).toMatchObject({
      formals: { a: false, b: true },
      ellipsis: true,
      parameters: ["args"],
    });
    expect(set.get("part").function).toMatchObject({ name: "map", arity: 1, applied: 1 });
    expect(set.get("n").doc?.trim()).toBe("A number.");
    expect(set.get("n").position).toEqual({ file: "«string»", line: 7, column: 7 });
    expect(session.open("1").function).toBeUndefined();
    expect(session.open("{ __functor = self: x: x; }").isCallable).toBe(true);
  });

  test("belong to their session", () => {
    const value = createNix().open("1");
    expect(() => createNix().value([value])).toThrow("the NixValue belongs to another session");
    expect(() => createNix().open("x: x").call(value)).toThrow("another session");
  });
});

describe("functions", () => {
  test("of Nix are functions of JavaScript", () => {
    const session = createNix();
    const slug = session.open('s: builtins.replaceStrings [ " " ] [ "-" ] s').toFunction();
    expect(slug("a b")).toBe("a-b");
    expect(session.open("a: b: { sum = a + b; }").call(1, 2).get("sum").toData()).toBe(3);
    expect(session.evaluate("{ f = x: x + 1; }", { plain: { functions: "omit" } })).toEqual({});
    const { f } = session.evaluate("{ f = x: x + 1; }", { plain: { functions: "function" } }) as {
      f: (x: number) => number;
    };
    expect(f(1)).toBe(2);
    const { g } = session.evaluate("{ g = x: x + 1; }", { plain: { functions: "value" } }) as {
      g: NixValue;
    };
    expect(g.call(2).toData()).toBe(3);
  });

  test("of JavaScript are functions of Nix", () => {
    const session = createNix();
    const apply = session.open("f: f 1 2");
    expect(apply.call((a: number, b: number) => [a, b]).toData()).toEqual([1, 2]);
    expect(
      session
        .open("f: builtins.typeOf (f 1)")
        .call((a: number, b: number) => a + b)
        .toData(),
    ).toBe("lambda");
    expect(() => session.value((...all: number[]) => all.length)).toThrow(
      "the function data takes 0 arguments, but one of Nix takes 1 to 8; say its arity with hostFunction",
    );
  });

  test("of JavaScript may be builtins, also of imported files", () => {
    const session = createNix({
      files: { "/a.nix": "builtins.twice 3 + __twice 1 + builtins.answer.n" },
      builtins: { twice: (x: number) => 2 * x, answer: { n: 42 } },
    });
    expect(session.evaluateFile("/a.nix")).toBe(50);
    expect(() => createNix({ builtins: { map: (x: number) => x } })).toThrow(
      "the builtin 'map' of the host has the name of one of Nix's",
    );
  });

  test("of JavaScript may have formals, which Nix checks", () => {
    const greet = hostFunction({
      name: "greet",
      formals: { name: false, greeting: true },
      run: ({ name, greeting = "Hello" }: { name: string; greeting?: string }) =>
        `${greeting}, ${name}`,
    });
    const session = createNix({ scope: { greet } });
    expect(session.evaluate('greet { name = "A"; }')).toBe("Hello, A");
    expect(session.evaluate("builtins.functionArgs greet")).toEqual({
      name: false,
      greeting: true,
    });
    expect(failure(() => session.evaluate("greet { }")).kind).toBe("missing-argument");
    expect(() => hostFunction({ name: "f", formals: { "a b": true }, run: () => 1 })).toThrow(
      "the formal 'a b' of f is not an identifier of Nix",
    );
  });

  test("of JavaScript may take values that are not evaluated", () => {
    const first = hostFunction({
      name: "first",
      args: "value",
      run: (a: NixValue, b: NixValue) => (a.isForced ? a : b),
    });
    expect(evaluate('first (throw "no") [ 1 ]', { scope: { first } })).toEqual([1]);
  });

  test("fail with errors of the program or of their own", () => {
    const fault = new Error("host");
    const scope = {
      bad: (x: number): number => {
        throw x === 1 ? new NixThrow("soft") : fault;
      },
      undef: (_x: number) => ({ a: undefined }),
    };
    const session = createNix({ scope });
    expect(session.evaluate("(builtins.tryEval (bad 1)).success")).toBe(false);
    expect(failure(() => session.evaluate("bad 1")).message).toBe("soft");
    expect(() => session.evaluate("builtins.tryEval (bad 2)")).toThrow(fault);
    expect(() => session.evaluate("undef 1")).toThrow("the result of undef.a is undefined");
  });

  test("are called once for each call, and leave no error in a value", () => {
    let failing = true;
    const session = createNix({
      scope: {
        f: (x: number) => {
          if (failing) throw new Error("host");
          return x;
        },
      },
    });
    const value = session.open("{ a = f 1; }").get("a");
    expect(() => value.toData()).toThrow("host");
    failing = false;
    expect(value.toData()).toBe(1);
  });
});

describe("templates", () => {
  test("bind values of any type", () => {
    expect(evaluate(nix`map (x: x * 2) ${[1, 2]}`)).toEqual([2, 4]);
    expect(evaluate(nix`${{ a: "${x}" }}.a + ${'"'}`)).toBe('${x}"');
    expect(evaluate(nix`"a\${${"b"}}c\n"`)).toBe("abc\n");
    expect(evaluate(nix`let __value0 = 1; in __value0 + ${2}`)).toBe(3);
    expect(evaluate(nix`(${(x: number) => x + 1}) ${nix`1 + ${1}`}`)).toBe(3);
    expect(evaluate(nix`{ a = 1; }.${rawNix("a")}`)).toBe(1);
  });

  test("refuse values inside of strings and comments", () => {
    expect(() => nix`"a ${"b"}"`).toThrow("value 1 of the template is not where an expression");
    expect(() => nix`${1} # ${2}`).toThrow("value 2 of the template");
  });
});

describe("schemas", () => {
  interface Config {
    readonly port: number;
  }
  const schema: StandardSchema<unknown, Config> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        typeof (value as Config).port === "number"
          ? { value: value as Config }
          : { issues: [{ message: "expected a number", path: ["port"] }] },
    },
  };

  test("check results and give them a type", () => {
    const config = evaluate("{ port = 80; }", { schema });
    expectTypeOf(config).toEqualTypeOf<Config>();
    expect(config.port).toBe(80);
  });

  test("say where the value is that is wrong", () => {
    try {
      evaluate('{\n  port = "x";\n}', { schema });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(NixSchemaError);
      expect((error as NixSchemaError).issues).toEqual([
        {
          message: "expected a number",
          path: ["port"],
          position: { file: "«string»", line: 2, column: 3 },
        },
      ]);
      expect((error as Error).message).toBe("port: expected a number («string»:2:3)");
    }
  });

  test("may be asynchronous only where one waits", async () => {
    const slow: StandardSchema<unknown, number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => ({ value: (value as number) + 1 }),
      },
    };
    expect(() => evaluate("1", { schema: slow })).toThrow("the schema is asynchronous");
    expect(await evaluateAsync("1", { schema: slow })).toBe(2);
  });
});

describe("data", () => {
  test("of paths, contexts and strings that are not UTF-8", () => {
    const plain = { paths: "tagged", contexts: "keep", texts: "binary" } as const;
    const session = createNix({ scope: { bytes: new Uint8Array([0xff]) } });
    expect(session.evaluate("[ /a/b bytes ]", { plain })).toEqual([
      new NixPath("/a/b"),
      new Uint8Array([0xff]),
    ]);
    const text = session.evaluate(`"\${${DERIVATION}}"`, { plain }) as NixText;
    expect(text).toBeInstanceOf(NixText);
    expect(session.open("s: builtins.hasContext s").call(text).toData()).toBe(true);
    expect(session.open("builtins.typeOf").call(new NixPath("/a")).toData()).toBe("path");
    expect(() => session.evaluate(`"\${${DERIVATION}}"`, { plain: { contexts: "error" } })).toThrow(
      "a string with context",
    );
  });

  test("of derivations may be handles", () => {
    const drv = evaluate(DERIVATION, { plain: { derivations: "value" } }) as NixValue;
    expect(drv.isDerivation).toBe(true);
    expect(drv.get("name").toData()).toBe("x");
  });
});

describe("asynchronous evaluation", () => {
  const later = <Value>(value: Value, ms = 1): Promise<Value> =>
    new Promise((resolve) => setTimeout(resolve, ms, value));

  test("waits for functions of the host", async () => {
    const session = createNix({
      builtins: { get: (url: string) => later(JSON.stringify({ url })) },
    });
    const program = 'map (u: (builtins.fromJSON (builtins.get u)).url) [ "a" "b" ]';
    expect(await session.evaluateAsync(program)).toEqual(["a", "b"]);
    expect(failure(() => session.evaluate(program)).kind).toBe("would-wait");
    const value = session.open('{ a = builtins.get "x"; }');
    expect(await (await value.getAsync(["a"])).toDataAsync()).toBe('{"url":"x"}');
    await value.forceAsync({ deep: true });
    expect(value.json()).toContain("url");
  });

  test("waits for files", async () => {
    const tree: Record<string, string> = { "/a.nix": "import ./b.nix + 1", "/b.nix": "41" };
    const files = {
      fileType: (path: string) =>
        later(
          path === "/" ? ("directory" as const) : path in tree ? ("regular" as const) : undefined,
        ),
      readFile: (path: string) => {
        const text = tree[path];
        if (text === undefined) throw new IoError("ENOENT", `no ${path}`);
        return later(text);
      },
      readDirectory: () => later([]),
    };
    expect(await evaluateFileAsync("/a.nix", { files })).toBe(42);
    const error = failure(() => evaluateFile("/a.nix", { files }));
    expect([error.kind, error.message.includes("/a.nix")]).toEqual(["would-wait", true]);
  });

  test("waits several times at once, also in one session", async () => {
    let open = 0;
    let most = 0;
    const wait = async (n: number): Promise<number> => {
      most = Math.max(most, ++open);
      await later(null, 5);
      open--;
      return n;
    };
    const session = createNix({ scope: { wait } });
    const shared = session.open("{ x = wait 1; }").get("x");
    const results = await Promise.all([
      ...[1, 2, 3].map((n) => session.evaluateAsync(`wait ${n}`)),
      shared.toDataAsync(),
      shared.toDataAsync(),
    ]);
    expect(results).toEqual([1, 2, 3, 1, 1]);
    expect(most).toBe(4);
  });

  test("is stopped by a signal, while it waits and while it computes", async () => {
    const stop = new AbortController();
    const session = createNix({ scope: { forever: (_: number) => new Promise(() => {}) } });
    const waiting = rejection(session.evaluateAsync("forever 1", { signal: stop.signal }));
    const busy = rejection(
      session.evaluateAsync("let f = n: f (n + 1); in f 0", { signal: stop.signal }),
    );
    setTimeout(() => stop.abort(new Error("enough")), 20);
    expect([await waiting, await busy]).toEqual([new Error("enough"), new Error("enough")]);
    expect(await rejection(session.evaluateAsync("1", { signal: AbortSignal.abort("no") }))).toBe(
      "no",
    );
    expect(session.evaluate("1 + 1")).toBe(2);
  });

  test("reports progress and lets timers through", async () => {
    const seen: (string | undefined)[] = [];
    let timers = 0;
    const timer = setInterval(() => timers++, 1);
    await evaluateAsync("builtins.foldl' (a: b: a + b) (wait 1) (builtins.genList (x: x) 30000)", {
      scope: { wait: (n: number) => later(n) },
      limits: { steps: 1e9 },
      onProgress: ({ waitingFor, steps }) => {
        if (steps !== undefined) seen.push(waitingFor);
      },
    });
    clearInterval(timer);
    expect(seen).toContain("the function 'wait' of the host");
    expect(seen).toContain(undefined);
    expect(timers).toBeGreaterThan(1);
  });
});

describe("limits", () => {
  test("hold for each question, and the session goes on", () => {
    const session = createNix({ limits: { steps: 1000, values: 10 } });
    const error = failure(() => session.evaluate("let f = n: f (n + 1); in f 0"));
    expect([error.kind, error.message]).toEqual([
      "limit-exceeded",
      "too many steps; max-steps (1000) exceeded",
    ]);
    for (let i = 0; i < 100; i++)
      expect(session.evaluate(`let f = n: n + 1; in f ${i}`)).toBe(i + 1);
    expect(failure(() => session.evaluate("builtins.genList (x: x) 11")).message).toBe(
      "the result has more than 10 values",
    );
  });

  test("stop what does not end in time", () => {
    const error = failure(() =>
      evaluate("let f = n: f (n + 1); in f 0", { limits: { milliseconds: 20 } }),
    );
    expect(error.message).toBe("out of time; max-time (20 ms) exceeded");
  });

  test("must exist and be numbers", () => {
    const withLimits = (limits: object) => () => createNix({ limits });
    expect(withLimits({ maxSteps: 1000 })).toThrow(
      new TypeError(
        "there is no limit 'maxSteps'; the limits are steps, milliseconds, mebibytes, depth, values",
      ),
    );
    for (const bad of [{ values: Number.NaN }, { steps: "5" }, { depth: -1 }, { steps: null }]) {
      const [name] = Object.keys(bad);
      expect(withLimits(bad)).toThrow(`the limit '${name}' must be a number that is not negative`);
    }
    expect(withLimits({ steps: undefined })).not.toThrow();
  });

  test("stop what nests too deeply", () => {
    const text = "let f = n: 1 + f (n + 1); in f 0";
    expect(failure(() => evaluate(text, { limits: { depth: 1000 } })).kind).toBe("stack-overflow");
    const value = "let f = n: { a = f (n + 1); }; in f 0";
    expect(failure(() => evaluate(value, { limits: { depth: 1000 } })).message).toMatch(
      /^a value is nested deeper than 1000 levels \(at /,
    );
  });
});

describe("sessions", () => {
  test("end", () => {
    let value: NixValue;
    let kept: Nix;
    {
      using session = createNix();
      kept = session;
      value = session.open("1 + 1");
    }
    expect(() => kept.evaluate("1")).toThrow("the session has been disposed of");
    expect(() => value.force()).toThrow("the session has been disposed of");
  });

  test("see the world that they are given", () => {
    const messages: string[] = [];
    const session = createNix({
      files: { "/w/a.nix": "./b", "/lib/x.nix": '"x"', "/bin": { target: "/lib" } },
      basePath: "/w",
      searchPath: { lib: "/lib" },
      env: { HOME: "/ä" },
      system: "riscv64-linux",
      onLog: ({ severity, text }) => messages.push(`${severity} ${text}`),
    });
    expect(session.evaluateFile("a.nix")).toBe("/w/b");
    expect(session.evaluate("import <lib/x.nix> + import /bin/x.nix")).toBe("xx");
    expect(session.evaluate('[ (builtins.getEnv "HOME") builtins.currentSystem ./. ]')).toEqual([
      "/ä",
      "riscv64-linux",
      "/w",
    ]);
    expect(session.evaluate('builtins.trace "é" 1')).toBe(1);
    expect(messages).toEqual(["trace é"]);
  });

  test("list jobs and go on after those that fail", async () => {
    const session = createNix();
    const set = session.open(`{
      bad = throw "no";
      deep = { recurseForDerivations = true; x = ${DERIVATION}; };
      hidden.x = ${DERIVATION};
      x = ${DERIVATION};
    }`);
    const found: string[] = [];
    for await (const job of session.jobs(set)) {
      const what = job.error === undefined ? job.name : job.error.message;
      found.push(`${job.path.join(".")} ${what}`);
    }
    expect(found).toEqual(["bad no", "deep.x x", "x x"]);
  });
});

describe("errors", () => {
  test("are data, and can be made again in another thread", () => {
    const error = failure(() => evaluate("{\n  a = nam; name = 1;\n}", { attr: "a" }));
    expect([error.code, error.position]).toEqual([
      "undefined-variable",
      { file: "«string»", line: 2, column: 7 },
    ]);
    expect(error.labels[0]).toMatchObject({ primary: true, start: { line: 2, column: 7 } });
    const copy = new NixError(structuredClone(error.data));
    expect(copy.toString()).toBe(error.toString());
    expect(copy.toJSON()).toEqual(error.toJSON());
    expect(copy.explain()).toContain("undefined variable 'nam'");
  });

  test("of texts that are not Nix have a document for each mistake", () => {
    const error = failure(() => evaluate("{ a = ; b = ; }"));
    expect(error.documents.length).toBe(2);
  });
});
