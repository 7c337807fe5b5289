/**
 * The built `nivis dap`, driven by the client that is made for testing debug adapters, and by streams of bytes
 * that no client would send.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testEnvironment } from "@nivis/testkit";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";

const COMMAND = join(import.meta.dirname, "../../packages/nivis/bin/nivis.cjs");
const folder = mkdtempSync(join(tmpdir(), "nivis-dap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENVIRONMENT = { ...testEnvironment(), HOME: folder };

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const PROGRAM = file(
  "main.nix",
  `let
  double = x: let twice = x + x; in twice;
  set = { inner = { a = 1; b = throw "never"; }; list = [ 1 (1 + 1) ]; };
in
with { fromWith = 3; };
double (set.inner.a + fromWith)
`,
);

let client: DebugClient;
beforeEach(async () => {
  client = new DebugClient(process.execPath, COMMAND, "nivis", { env: ENVIRONMENT });
  // The client starts a program without arguments, and the adapter is one command of ours.
  const wrapper = file(
    "adapter.cjs",
    `process.argv.push("dap"); require(${JSON.stringify(COMMAND)});`,
  );
  client = new DebugClient(process.execPath, wrapper, "nivis", { env: ENVIRONMENT });
  client.defaultTimeout = 30_000;
  await client.start();
});
afterEach(() => client.stop());

/** The first event of a kind from now on. */
function event<Body>(name: string): Promise<Body> {
  return client.waitForEvent(name).then(({ body }) => body as Body);
}

async function start(
  args: object,
  breakpoints: Record<string, DebugProtocol.SourceBreakpoint[]> = {},
): Promise<DebugProtocol.Breakpoint[]> {
  await client.initializeRequest({
    adapterID: "nivis",
    linesStartAt1: true,
    columnsStartAt1: true,
    pathFormat: "path",
    supportsInvalidatedEvent: true,
  });
  const set: DebugProtocol.Breakpoint[] = [];
  for (const [path, all] of Object.entries(breakpoints)) {
    const { body } = await client.setBreakpointsRequest({ source: { path }, breakpoints: all });
    set.push(...body.breakpoints);
  }
  await client.launchRequest(args as DebugProtocol.LaunchRequestArguments);
  await client.configurationDoneRequest();
  return set;
}

async function topFrame(): Promise<DebugProtocol.StackFrame> {
  const { body } = await client.stackTraceRequest({ threadId: 1 });
  return body.stackFrames[0] as DebugProtocol.StackFrame;
}

/** The variables of the scope with a name. */
async function variablesOf(
  frameId: number,
  name: string,
): Promise<Record<string, DebugProtocol.Variable>> {
  const { body } = await client.scopesRequest({ frameId });
  const scope = body.scopes.find((one) => one.name === name);
  if (scope === undefined) throw new Error(`no scope ${name}`);
  return children(scope.variablesReference);
}

async function children(
  variablesReference: number,
): Promise<Record<string, DebugProtocol.Variable>> {
  const { body } = await client.variablesRequest({ variablesReference });
  return Object.fromEntries(body.variables.map((variable) => [variable.name, variable]));
}

describe("a session", () => {
  it("runs a program and shows its value", async () => {
    const output = client.assertOutput("stdout", "8", 30_000);
    const exited = event<{ exitCode: number }>("exited");
    await Promise.all([
      output,
      exited,
      client.waitForEvent("terminated"),
      start({ program: PROGRAM }),
    ]);
    expect(await exited).toEqual({ exitCode: 0 });
  });

  it("stops at a line, and shows scopes without evaluating anything", async () => {
    const stopped = client.waitForEvent("stopped");
    const changed = event<{ breakpoint: DebugProtocol.Breakpoint }>("breakpoint");
    const [breakpoint] = await start({ program: PROGRAM }, { [PROGRAM]: [{ line: 2 }] });
    expect(breakpoint).toMatchObject({ verified: false, reason: "pending" });
    expect((await changed).breakpoint).toMatchObject({
      id: breakpoint?.id,
      verified: true,
      line: 2,
    });
    expect((await stopped).body).toMatchObject({
      reason: "breakpoint",
      hitBreakpointIds: [breakpoint?.id],
    });
    const frame = await topFrame();
    expect(frame).toMatchObject({ name: "double", line: 2, column: 15, source: { path: PROGRAM } });
    const { x } = await variablesOf(frame.id, "Arguments");
    expect(x).toMatchObject({ presentationHint: { lazy: true } });
    // A lazy variable is replaced by its only child.
    const invalidated = client.waitForEvent("invalidated");
    const forced = await children(x?.variablesReference as number);
    expect(forced).toMatchObject({ x: { value: "4", type: "int" } });
    await invalidated;
    await Promise.all([
      client.waitForEvent("terminated"),
      client.assertOutput("stdout", "8", 30_000),
      client.continueRequest({ threadId: 1 }),
    ]);
  });

  it("steps in, over and out", async () => {
    const steps: string[] = [];
    const step = async (go: () => Promise<unknown>): Promise<void> => {
      const stopped = client.waitForEvent("stopped");
      await go();
      await stopped;
      const { name, line } = await topFrame();
      steps.push(`${name}:${line}`);
    };
    await step(() => start({ program: PROGRAM, stopOnEntry: true }));
    await step(() => client.nextRequest({ threadId: 1 }));
    await step(() => client.stepInRequest({ threadId: 1 }));
    await step(() => client.stepInRequest({ threadId: 1 }));
    await step(() => client.stepOutRequest({ threadId: 1 }));
    expect(steps).toEqual(["main.nix:1", "main.nix:5", "main.nix:6", "double:2", "main.nix:6"]);
    const { body } = await client.scopesRequest({ frameId: (await topFrame()).id });
    const [returned] = body.scopes;
    expect(returned?.name).toBe("Returned value");
    expect(await children(returned?.variablesReference as number)).toMatchObject({
      value: { value: "8" },
    });
  });

  it("evaluates in the scope of a frame, hovers without effect, and completes", async () => {
    const stopped = client.waitForEvent("stopped");
    await start({ program: PROGRAM }, { [PROGRAM]: [{ line: 6 }] });
    await stopped;
    const frameId = (await topFrame()).id;
    const evaluate = (expression: string, context: string) =>
      client.evaluateRequest({ expression, frameId, context }).then(({ body }) => body);
    await expect(evaluate("set.inner", "hover")).rejects.toThrow(/would have to be evaluated/);
    expect(await evaluate("set.inner.a + fromWith", "repl")).toMatchObject({ result: "4" });
    const inner = await evaluate("set.inner", "watch");
    expect(inner).toMatchObject({ type: "set", namedVariables: 2 });
    const { b } = await children(inner.variablesReference);
    expect(await children(b?.variablesReference as number)).toMatchObject({
      b: { value: "\u00aberror: never\u00bb" },
    });
    expect(await evaluate("set.inner", "hover")).toMatchObject({ type: "set" });
    expect(await evaluate("set.list", "clipboard")).toMatchObject({ result: "[\n  1\n  2\n]" });
    await expect(evaluate("nowhere", "repl")).rejects.toThrow("undefined variable 'nowhere'");
    const complete = (text: string) =>
      client
        .completionsRequest({ frameId, text, column: text.length + 1 })
        .then(({ body }) => body.targets.map(({ label }) => label));
    expect(await complete("doub")).toEqual(["double"]);
    expect(await complete("1 + set.inner.")).toEqual(["a", "b"]);
  });

  it("stops at errors as the filters say", async () => {
    const program = file(
      "errors.nix",
      '[ (builtins.tryEval (throw "caught")).success (throw "loud") ]',
    );
    const stopped = client.waitForEvent("stopped");
    await start({ program });
    expect((await stopped).body).toMatchObject({ reason: "exception", text: "loud" });
    const { body } = await client.exceptionInfoRequest({ threadId: 1 });
    expect(body).toMatchObject({ exceptionId: "throw", breakMode: "unhandled" });
  });

  it("stops at errors that are caught, on demand, and with a condition", async () => {
    const program = file(
      "caught.nix",
      'map (m: (builtins.tryEval (throw m)).success) [ "first" "second" ]',
    );
    await client.initializeRequest();
    await client.setExceptionBreakpointsRequest({
      filters: [],
      filterOptions: [{ filterId: "caught", condition: "second" }],
    });
    const stopped = client.waitForEvent("stopped");
    await client.launchRequest({ program } as DebugProtocol.LaunchRequestArguments);
    await client.configurationDoneRequest();
    expect((await stopped).body).toMatchObject({ reason: "exception", text: "second" });
  });

  it("knows functions, conditions, hits and log points", async () => {
    const program = file(
      "calls.nix",
      `let
  f = n: n * 2;
in builtins.foldl' (a: n: a + f n) 0 (builtins.genList (i: i) 10)
`,
    );
    const logged = client.assertOutput("console", "called with 0", 30_000);
    const stopped = client.waitForEvent("stopped");
    await client.initializeRequest();
    await client.setBreakpointsRequest({
      source: { path: program },
      breakpoints: [{ line: 2, logMessage: "called with {n}" }],
    });
    await client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: "f", condition: "n == 7" }],
    });
    await client.launchRequest({ program } as DebugProtocol.LaunchRequestArguments);
    await client.configurationDoneRequest();
    await Promise.all([logged, stopped]);
    const frameId = (await topFrame()).id;
    const { body } = await client.evaluateRequest({ expression: "n", frameId, context: "watch" });
    expect(body.result).toBe("7");
  });

  it("stops when a value is evaluated", async () => {
    const path = file(
      "values.nix",
      `let
  make = n: { cheap = n; dear = n * 2; other = n + 1; };
  one = make 1;
  two = make 2;
in
builtins.seq one.cheap (builtins.seq two.cheap (
  two.other + one.dear
  + two.dear))
`,
    );
    const stopped = event("stopped");
    await start({ program: path }, { [path]: [{ line: 7 }] });
    await stopped;
    const top = await topFrame();
    const names = await variablesOf(top.id, "Captured");
    const two = names["two"] as DebugProtocol.Variable;
    const { variablesReference } = two;
    const info = await client.customRequest("dataBreakpointInfo", {
      variablesReference,
      name: "dear",
    });
    expect(info.body).toMatchObject({ description: "dear", accessTypes: ["read"] });
    const ask = (name: string) =>
      client.customRequest("dataBreakpointInfo", { name, frameId: top.id });
    expect((await ask("one.cheap")).body).toEqual({
      dataId: null,
      description: "'one.cheap' is evaluated already",
    });
    expect((await ask("nothing")).body).toMatchObject({ dataId: null });
    const byName = await ask("two.other");
    const breakpoints = [
      { dataId: info.body.dataId },
      { dataId: byName.body.dataId },
      { dataId: "9" },
    ];
    const set = await client.customRequest("setDataBreakpoints", { breakpoints });
    expect(set.body.breakpoints.map(({ verified }: DebugProtocol.Breakpoint) => verified)).toEqual([
      true,
      true,
      false,
    ]);
    const [dear, other] = set.body.breakpoints as DebugProtocol.Breakpoint[];
    const reach = async (id: number | undefined, line: number, value: string): Promise<void> => {
      const hit = event<{ reason: string; hitBreakpointIds: number[] }>("stopped");
      await client.continueRequest({ threadId: 1 });
      expect(await hit).toMatchObject({ reason: "data breakpoint", hitBreakpointIds: [id] });
      const frame = await topFrame();
      expect(frame.line).toBe(line);
      const evaluated = await client.evaluateRequest({ expression: "n", frameId: frame.id });
      expect(evaluated.body.result).toBe(value);
    };
    // `one.dear` has the same code, and does not stop.
    await reach(other?.id, 2, "2");
    await reach(dear?.id, 2, "2");
    await Promise.all([
      client.assertOutput("stdout", "9", 30_000),
      client.continueRequest({ threadId: 1 }),
    ]);
  });

  it("disassembles, and steps by instructions", async () => {
    const stopped = client.waitForEvent("stopped");
    await start({ program: PROGRAM, stopOnEntry: true });
    await stopped;
    const frame = await topFrame();
    const memoryReference = frame.instructionPointerReference as string;
    const { body } = (await client.customRequest("disassemble", {
      memoryReference,
      instructionOffset: -2,
      instructionCount: 200,
    })) as DebugProtocol.DisassembleResponse;
    expect(body?.instructions.length).toBe(200);
    expect(body?.instructions[0]).toMatchObject({ presentationHint: "invalid" });
    expect(body?.instructions[2]).toMatchObject({ address: memoryReference });
    expect(body?.instructions.some(({ instruction }) => instruction.startsWith("CALL"))).toBe(true);
    const again = client.waitForEvent("stopped");
    await client.nextRequest({ threadId: 1, granularity: "instruction" });
    await again;
    expect((await topFrame()).instructionPointerReference).toBe(body?.instructions[3]?.address);
  });

  it("restarts with its breakpoints", async () => {
    const first = client.waitForEvent("stopped");
    await start({ program: PROGRAM }, { [PROGRAM]: [{ line: 2 }] });
    await first;
    const second = client.waitForEvent("stopped");
    await client.customRequest("restart", {});
    expect((await second).body).toMatchObject({ reason: "breakpoint" });
    expect(await topFrame()).toMatchObject({ name: "double" });
    const ended = client.waitForEvent("terminated");
    await client.customRequest("terminate", {});
    await ended;
  });

  it("pauses and ends a program that never ends", async () => {
    await start({ expression: "let f = n: if n < 0 then n else f (n + 1 - 1); in f 0" });
    const stopped = client.waitForEvent("stopped");
    await client.pauseRequest({ threadId: 1 });
    expect((await stopped).body).toMatchObject({ reason: "pause" });
    expect((await topFrame()).source?.sourceReference).toBeGreaterThan(0);
    const ended = client.waitForEvent("terminated");
    await client.customRequest("terminate", {});
    await ended;
  });

  it("gives texts without a file, and lists what was loaded", async () => {
    const stopped = client.waitForEvent("stopped");
    await start({ expression: `import ${PROGRAM} + 1`, stopOnEntry: true });
    await stopped;
    const { source } = await topFrame();
    const { body } = await client.sourceRequest({
      source: source as DebugProtocol.Source,
      sourceReference: source?.sourceReference as number,
    });
    expect(body.content).toBe(`import ${PROGRAM} + 1`);
    const loaded = (await client.customRequest(
      "loadedSources",
    )) as DebugProtocol.LoadedSourcesResponse;
    expect(loaded.body.sources.length).toBeGreaterThan(0);
  });

  it("offers the places of a line and the targets of a step", async () => {
    const stopped = client.waitForEvent("stopped");
    await start({ program: PROGRAM }, { [PROGRAM]: [{ line: 6 }] });
    await stopped;
    const locations = (await client.customRequest("breakpointLocations", {
      source: { path: PROGRAM },
      line: 2,
    })) as DebugProtocol.BreakpointLocationsResponse;
    expect(locations.body.breakpoints.map(({ column }) => column)).toEqual([15, 27, 31, 37]);
    const frameId = (await topFrame()).id;
    await client.evaluateRequest({ expression: "double", frameId, context: "watch" });
    const { body } = (await client.customRequest("stepInTargets", {
      frameId,
    })) as DebugProtocol.StepInTargetsResponse;
    expect(body.targets.map(({ label }) => label)).toEqual(["double", "(set.inner.a + fromWith)"]);
    const again = client.waitForEvent("stopped");
    await client.stepInRequest({ threadId: 1, targetId: 2 });
    expect((await again).body).toMatchObject({ reason: "step" });
    expect(await topFrame()).toMatchObject({ line: 6, column: 8 });
  });

  it("refuses what it cannot do, and goes on", async () => {
    await client.initializeRequest();
    await expect(client.customRequest("setVariable", {})).rejects.toThrow(/not supported/);
    await expect(client.stackTraceRequest({ threadId: 1 })).rejects.toThrow(/has not stopped/);
    const nothing = {} as DebugProtocol.LaunchRequestArguments;
    await expect(client.launchRequest(nothing)).rejects.toThrow(/takes one of/);
    const missing = { program: join(folder, "none.nix") } as DebugProtocol.LaunchRequestArguments;
    await expect(client.launchRequest(missing)).rejects.toThrow(/none.nix/);
  });
});

const nixpkgs = process.env["NIVIS_NIXPKGS_2611"];

describe.skipIf(nixpkgs === undefined)("a NixOS configuration", () => {
  const module = file(
    "configuration.nix",
    `{ config, lib, ... }:
let
  port = 8000 + lib.stringLength config.networking.hostName;
in
{
  _module.check = false;
  networking.hostName = "demo";
  services.openssh.enable = true;
  services.openssh.ports = [ port ];
  system.stateVersion = "26.11";
}
`,
  );

  it("stops in a module, and shows and changes its configuration", async () => {
    client.defaultTimeout = 300_000;
    const stopped = client.waitForEvent("stopped");
    const arguments_ = `{ configuration = ${module}; system = "x86_64-linux"; }`;
    await start(
      { expression: `(import ${nixpkgs}/nixos ${arguments_}).config.services.openssh.ports` },
      { [module]: [{ line: 3 }] },
    );
    expect((await stopped).body).toMatchObject({ reason: "breakpoint" });
    const frame = await topFrame();
    expect(frame).toMatchObject({ name: "port", line: 3, column: 10 });
    const { config } = await variablesOf(frame.id, "Captured");
    const [top] = Object.values(await children(config?.variablesReference as number));
    expect(top).toMatchObject({ type: "set" });
    const { networking } = await children(top?.variablesReference as number);
    expect(networking).toBeDefined();
    const evaluate = (expression: string) =>
      client
        .evaluateRequest({ expression, frameId: frame.id, context: "repl" })
        .then(({ body }) => body.result);
    expect(await evaluate("config.networking.hostName")).toBe('"demo"');
    const options = "options.x = lib.mkOption { default = config.networking.hostName; };";
    const changed = `modules = [ { ${options} } { x = lib.mkForce "changed"; } ];`;
    expect(await evaluate(`(lib.evalModules { ${changed} }).config.x`)).toBe('"changed"');
    // The value that is being computed cannot be known yet, and looking does no harm.
    await expect(evaluate("config.services.openssh.ports")).rejects.toThrow(/infinite recursion/);
    await Promise.all([
      client.assertOutput("stdout", "[ 8004 ]", 300_000),
      client.continueRequest({ threadId: 1 }),
    ]);
  }, 300_000);
});

describe("a program that runs already", () => {
  /** Starts `nivis dap --run` on an expression; resolves to its port and to how it ends. */
  async function run(expression: string): Promise<{
    port: number;
    child: ChildProcess;
    done: Promise<{ output: string; code: number | null }>;
  }> {
    const child = spawn(
      process.execPath,
      [COMMAND, "dap", "--port", "0", "--run", "--expr", expression],
      { env: ENVIRONMENT },
    );
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
    const done = new Promise<{ output: string; code: number | null }>((resolve) => {
      child.once("close", (code) => resolve({ output, code }));
    });
    const port = await new Promise<number>((resolve) => {
      let text = "";
      child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        const found = /listening on port (\d+)/.exec(text);
        if (found !== null) resolve(Number(found[1]));
      });
    });
    return { port, child, done };
  }

  async function attach(port: number): Promise<DebugClient> {
    const own = new DebugClient(process.execPath, COMMAND, "nivis", { env: ENVIRONMENT });
    own.defaultTimeout = 30_000;
    await own.start(port);
    const initialized = own.waitForEvent("initialized");
    await own.initializeRequest();
    await initialized;
    return own;
  }

  it("is paused by clients that attach, one after the other, and goes on when they leave", async () => {
    const { port, done } = await run(
      "let count = n: if n == 0 then 0 else count (n - 1); in count 3000000",
    );
    for (let visit = 0; visit < 2; visit++) {
      const own = await attach(port);
      await own.attachRequest({});
      await own.configurationDoneRequest();
      const stopped = own.waitForEvent("stopped");
      await own.pauseRequest({ threadId: 1 });
      expect((await stopped).body).toMatchObject({ reason: "pause" });
      const { body } = await own.stackTraceRequest({ threadId: 1, levels: 20 });
      const frame = body.stackFrames.find(({ name }) => name === "count");
      const value = await own.evaluateRequest({
        expression: "builtins.isFunction count",
        frameId: frame?.id as number,
        context: "watch",
      });
      expect(value.body.result).toBe("true");
      if (visit === 0) await own.disconnectRequest({});
      // The second one just vanishes.
      own["stopAdapter"]();
    }
    expect(await done).toEqual({ output: "0\n", code: 0 });
  });

  it("tells a client of its end, and cannot be launched or restarted", async () => {
    const { port, done } = await run(
      "let count = n: if n == 0 then 0 else count (n - 1); in count 2000000",
    );
    const own = await attach(port);
    await expect(own.launch({ expression: "1" } as never)).rejects.toThrow("attach to it");
    await own.attachRequest({});
    const exited = own.waitForEvent("exited");
    await own.configurationDoneRequest();
    await expect(own.customRequest("restart", {})).rejects.toThrow("cannot be restarted");
    expect((await exited).body).toEqual({ exitCode: 0 });
    own["stopAdapter"]();
    expect((await done).code).toBe(0);
  });

  it("is ended by 'terminate'", async () => {
    const { port, done } = await run("let f = n: f (n + 1); in f 0");
    const own = await attach(port);
    await own.attachRequest({});
    await own.configurationDoneRequest();
    await own.customRequest("terminate", {});
    expect((await done).code).toBe(1);
    own["stopAdapter"]();
  });

  it("needs a port and a program", async () => {
    const ended = (args: string[]) =>
      new Promise<{ text: string; code: number | null }>((resolve) => {
        const child = spawn(process.execPath, [COMMAND, "dap", "--run", ...args], {
          env: ENVIRONMENT,
          cwd: folder,
        });
        let text = "";
        child.stderr.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        child.once("close", (code) => resolve({ text, code }));
      });
    expect(await ended(["--expr", "1"])).toMatchObject({
      text: expect.stringContaining("'--run' needs '--port'"),
      code: 1,
    });
    expect(await ended(["--port", "0"])).toMatchObject({
      text: expect.stringContaining("'--run' needs a program"),
      code: 1,
    });
  });
});

describe("a client that misbehaves", () => {
  /** Runs the adapter on some bytes; returns its output and exit code once it has ended by itself. */
  function feed(
    bytes: string,
    end = true,
  ): { child: ChildProcess; done: Promise<{ output: string; code: number | null }> } {
    const child = spawn(process.execPath, [COMMAND, "dap"], { env: ENVIRONMENT });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      output += piece;
    });
    const done = new Promise<{ output: string; code: number | null }>((resolve) => {
      child.once("close", (code) => resolve({ output, code }));
    });
    child.stdin.write(bytes);
    if (end) child.stdin.end();
    return { child, done };
  }

  function message(body: object): string {
    const text = JSON.stringify(body);
    return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
  }

  it("gets a message for rubbish, and an answer to what follows", async () => {
    const good = message({ seq: 1, type: "request", command: "threads" });
    const { output, code } = await feed(`Content-Length: 3\r\n\r\n{{{Nonsense: 1\r\n\r\n${good}`)
      .done;
    expect(output).toContain("not JSON");
    expect(output).toContain("without Content-Length");
    expect(output).toContain('"name":"evaluation"');
    expect(code).toBe(0);
  });

  it("is left when it does not speak the protocol at all", async () => {
    const { output, code } = await feed("x".repeat(10_000), false).done;
    expect(output).toContain("The client sent something that is not the Debug Adapter Protocol.");
    expect(code).toBe(1);
  });

  it("may vanish while a program runs, and nothing is left", async () => {
    const run = [
      { seq: 1, type: "request", command: "initialize", arguments: { adapterID: "x" } },
      {
        seq: 2,
        type: "request",
        command: "launch",
        arguments: { expression: "let f = n: f (n + 1); in f 0" },
      },
      { seq: 3, type: "request", command: "configurationDone" },
    ];
    const { code } = await feed(run.map(message).join("")).done;
    expect(code).toBe(0);
  });

  /** What begins a program that stops in its first function. */
  const stopping = (expression: string): readonly object[] => [
    { seq: 1, type: "request", command: "initialize", arguments: { adapterID: "x" } },
    { seq: 2, type: "request", command: "launch", arguments: { expression, stopOnEntry: true } },
    { seq: 3, type: "request", command: "configurationDone" },
  ];

  it("is left after a length beyond all memory", async () => {
    const { output, code } = await feed("Content-Length: 999999999999999\r\n\r\n{").done;
    expect(output).toContain("The client sent a message of 999999999999999 bytes.");
    expect(code).toBe(1);
  });

  it.each([
    ["a length that is no number", "Content-Length: many\r\n\r\n"],
    ["a negative length", "Content-Length: -5\r\n\r\n"],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"],
    ["an empty head", "\r\n\r\n"],
    ["half a message", 'Content-Length: 50\r\n\r\n{"seq":1'],
    ["half a head", "Content-Len"],
    ["a message of no length", "Content-Length: 0\r\n\r\n"],
    ["bytes that are no UTF-8", "Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc"],
  ])("ends with %s without harm", async (_, bytes) => {
    const { code, output } = await feed(bytes).done;
    expect(code).toBe(0);
    expect(output).not.toMatch(/bug|TypeError|at .*\.js:/);
  });

  it.each([
    ["null", null],
    ["a list", []],
    ["a number", 7],
    ["no type", { seq: 1, command: "threads" }],
    ["an event", { seq: 1, type: "event", event: "x" }],
    ["no command", { seq: 1, type: "request" }],
    ["a command that is no text", { seq: 1, type: "request", command: { a: 1 } }],
    [
      "arguments that are no object",
      { seq: 1, type: "request", command: "stackTrace", arguments: 5 },
    ],
    ["no seq", { type: "request", command: "threads" }],
    [
      "breakpoints that are none",
      {
        seq: 1,
        type: "request",
        command: "setBreakpoints",
        arguments: { source: 1, breakpoints: 2 },
      },
    ],
    [
      "lines that are none",
      {
        seq: 1,
        type: "request",
        command: "setBreakpoints",
        arguments: { source: { path: "/x" }, breakpoints: [{ line: "a" }, null] },
      },
    ],
    [
      "values that are none",
      {
        seq: 1,
        type: "request",
        command: "setDataBreakpoints",
        arguments: { breakpoints: [{}, null] },
      },
    ],
    [
      "a variable of nowhere",
      { seq: 1, type: "request", command: "variables", arguments: { variablesReference: 1e9 } },
    ],
    [
      "a cancellation of nothing",
      { seq: 1, type: "request", command: "cancel", arguments: { requestId: 99 } },
    ],
  ])("goes on after %s", async (_, bad) => {
    const good = { seq: 2, type: "request", command: "threads" };
    const { code, output } = await feed(message(bad as object) + message(good)).done;
    expect(output).toContain('"name":"evaluation"');
    expect(output).not.toMatch(/ bug |"message":"(Cannot read|.*is not a function)/);
    expect(code).toBe(0);
  });

  it("may use a number twice", async () => {
    const threads = { seq: 1, type: "request", command: "threads" };
    const { output } = await feed(message(threads) + message(threads)).done;
    expect(output.match(/"name":"evaluation"/g)?.length).toBe(2);
  });

  it("may vanish while the program has stopped", async () => {
    const { child, done } = feed(stopping("1 + 1").map(message).join(""), false);
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (piece: string) => {
        if (piece.includes('"stopped"')) resolve();
      });
    });
    child.stdin?.end();
    expect((await done).code).toBe(0);
  });

  it("may vanish while it has something evaluated", async () => {
    const { child, done } = feed(stopping("1 + 1").map(message).join(""), false);
    await new Promise<void>((resolve) => {
      child.stdout?.on("data", (piece: string) => {
        if (piece.includes('"stopped"')) resolve();
      });
    });
    const expression = "let f = n: f (n + 1); in f 0";
    child.stdin?.write(
      message({
        seq: 4,
        type: "request",
        command: "evaluate",
        arguments: { expression, frameId: 1 },
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.stdin?.destroy();
    expect((await done).code).toBe(0);
  });
});
