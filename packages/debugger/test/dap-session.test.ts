/** A session of the Debug Adapter Protocol without a program around it: what it sends for odd requests. */
import { type DapHost, DapSession, type Debugger } from "@nivis/debugger";
import { Evaluation, memoryIo } from "@nivis/eval";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { describe, expect, test } from "vitest";

interface Answer {
  readonly success: boolean;
  readonly message?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each request has a body of its own
  readonly body?: any;
}

/** A client of a program in memory. */
class Client {
  readonly events: DebugProtocol.Event[] = [];
  readonly #answers = new Map<number, Answer>();
  readonly #session: DapSession;
  #seq = 1;
  #onEvent: () => void = () => {};

  constructor(files: Readonly<Record<string, string>>) {
    const host: DapHost = {
      send: (message) => {
        if (message.type === "response") {
          const response = message as DebugProtocol.Response;
          this.#answers.set(response.request_seq, response);
        } else {
          this.events.push(message as DebugProtocol.Event);
          this.#onEvent();
        }
      },
      launch: async ({ program = "/main.nix" }, debug: Debugger) => {
        const evaluation = new Evaluation({ io: memoryIo({ files }), debugger: debug.hooks });
        return {
          evaluation,
          run: async () =>
            evaluation.print(await evaluation.forceAsync(evaluation.loadFile(program))),
          render: (error) => String(error),
          close: () => {},
        };
      },
      ended: () => {},
    };
    this.#session = new DapSession(host);
  }

  async ask(command: string, args?: unknown): Promise<Answer> {
    const seq = this.#seq++;
    const request = { seq, type: "request", command, arguments: args };
    await this.#session.take(request as DebugProtocol.Request);
    return this.#answers.get(seq) as Answer;
  }

  /** Waits for an event. */
  async event(name: string): Promise<DebugProtocol.Event> {
    for (;;) {
      const found = this.events.find(({ event }) => event === name);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  async start(): Promise<void> {
    await this.ask("launch", { program: "/main.nix" });
    await this.ask("configurationDone");
  }

  /** The text that was shown. */
  get output(): string {
    const shown = this.events.filter(({ event }) => event === "output");
    return shown.map(({ body }) => body.output).join("");
  }
}

async function breakpoints(client: Client, ...all: object[]) {
  const { body } = await client.ask("setBreakpoints", {
    source: { path: "/main.nix" },
    breakpoints: all,
  });
  return body.breakpoints;
}

const STOPS = "let\n  f = x:\n    x + 1;\nin f 1\n";

describe("breakpoints", () => {
  test("before the first line and behind the last one say so", async () => {
    const client = new Client({ "/main.nix": STOPS });
    await client.ask("initialize", { adapterID: "x" });
    const set = await breakpoints(client, { line: -1 }, { line: 0 }, { line: 3, column: 0 });
    expect(set).toMatchObject([
      { verified: false, reason: "failed", message: "Lines begin at 1" },
      { verified: false, reason: "failed", message: "Lines begin at 1" },
      { verified: false, reason: "failed", message: "Columns begin at 1" },
    ]);
    const [behind] = await breakpoints(client, { line: 99 }, { line: 3 });
    expect(behind).toMatchObject({ verified: false, message: "The file is not loaded yet" });
    await client.start();
    await client.event("stopped");
    const changed = client.events.filter(({ event }) => event === "breakpoint");
    expect(changed.map(({ body }) => body.breakpoint)).toMatchObject([
      { id: behind.id, verified: false, message: "The file ends at line 4" },
      { verified: true, line: 3 },
    ]);
    expect(await breakpoints(client, { line: 99 })).toMatchObject([
      { verified: false, reason: "failed", message: "The file ends at line 4" },
    ]);
  });

  test("whose condition does not parse are refused", async () => {
    const client = new Client({ "/main.nix": STOPS });
    const message = expect.stringMatching(/^The condition does not parse: syntax error, /);
    const wrong = { verified: false, reason: "failed", message };
    expect(await breakpoints(client, { line: 3, condition: "(((" })).toMatchObject([wrong]);
    const { body } = await client.ask("setFunctionBreakpoints", {
      breakpoints: [{ name: "f", condition: "x ==" }],
    });
    expect(body.breakpoints).toMatchObject([wrong]);
    await client.start();
    await client.event("terminated");
    expect(client.output).toBe("2\n");
  });

  test("whose condition is not a Boolean stop and say so", async () => {
    const client = new Client({ "/main.nix": STOPS });
    await breakpoints(client, { line: 3, condition: "x + 1" });
    await client.start();
    await client.event("stopped");
    expect(client.output).toBe("the condition 'x + 1' is an integer and not a Boolean\n");
  });
});

describe("large answers", () => {
  test("a deep stack comes in parts", async () => {
    const client = new Client({
      "/main.nix": 'let f = n: if n == 0 then builtins.break "x" else 1 + f (n - 1); in f 3000',
    });
    await client.start();
    await client.event("stopped");
    const { body } = await client.ask("stackTrace", { threadId: 1 });
    expect(body.stackFrames).toHaveLength(1000);
    expect(body.totalFrames).toBeGreaterThan(3000);
    const rest = await client.ask("stackTrace", { threadId: 1, startFrame: 1000, levels: 20 });
    expect(rest.body.stackFrames).toHaveLength(20);
    expect(rest.body.stackFrames[0].id).toBe(1001);
  });

  test("the variables beyond the first ones are behind one more", async () => {
    const client = new Client({
      "/main.nix": "let l = builtins.genList (x: x) 12000; in builtins.break l",
    });
    await client.start();
    await client.event("stopped");
    const { body } = await client.ask("evaluate", { expression: "builtins.genList (x: x) 12000" });
    expect(body.indexedVariables).toBe(12000);
    const seen: string[] = [];
    let { variablesReference } = body;
    while (variablesReference > 0) {
      const { body: part } = await client.ask("variables", { variablesReference });
      expect(part.variables.length).toBeLessThanOrEqual(5001);
      variablesReference = 0;
      for (const variable of part.variables) {
        if (variable.name === "…") variablesReference = variable.variablesReference;
        else seen.push(variable.name);
      }
    }
    expect(seen).toEqual(Array.from({ length: 12000 }, (_, i) => String(i)));
  });
});

describe("arguments", () => {
  test.each<[string, unknown, string]>([
    ["completions", {}, "the arguments of 'completions' need 'text', a string"],
    ["evaluate", {}, "the arguments of 'evaluate' need 'expression', a string"],
    ["evaluate", "x", "the arguments of 'evaluate' must be an object"],
    ["launch", { program: "/main.nix", nixPath: "x" }, "'nixPath' must be an array of strings"],
    ["launch", { program: "/main.nix", args: [1] }, "'args' must be an object whose fields are"],
    ["launch", { program: 1 }, "in the arguments of 'launch', 'program' must be a string"],
    ["setBreakpoints", { source: 1 }, "'source' must be an object"],
    [
      "setBreakpoints",
      { source: { path: "/main.nix" }, breakpoints: [{ line: 1 }, { line: 1.5 }] },
      "'breakpoints[1].line' must be an integer",
    ],
    [
      "setBreakpoints",
      { source: { path: "/main.nix" }, breakpoints: [{}] },
      "need 'breakpoints[0].line', an integer",
    ],
    ["toString", {}, "the request 'toString' (1) is not supported"],
  ])("%s %j is refused", async (command, args, message) => {
    const answer = await new Client({ "/main.nix": STOPS }).ask(command, args);
    expect(answer).toMatchObject({ success: false, message: expect.stringContaining(message) });
  });

  test("fields that are null count as absent", async () => {
    const client = new Client({ "/main.nix": STOPS });
    const set = await breakpoints(client, { line: 3, column: null, condition: null });
    expect(set).toMatchObject([{ verified: false, reason: "pending" }]);
    expect(await client.ask("launch", { program: "/main.nix", flake: null })).toMatchObject({
      success: true,
    });
  });
});
