/** The REPL on a real terminal, which `script` of util-linux makes. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const COMMAND = join(import.meta.dirname, "../bin/nivis.cjs");
const canScript = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

/** A REPL in a terminal of 80 columns. */
class Session {
  readonly home = mkdtempSync(join(tmpdir(), "nivis-terminal-"));
  readonly #child;
  /** The process of the REPL. */
  #pid = 0;
  #output = "";
  #all = "";
  readonly ended: Promise<number | null>;

  constructor(args: readonly string[] = [], environment: Record<string, string> = {}) {
    const command = [process.execPath, COMMAND, ...(args[0] === "eval" ? [] : ["repl"]), ...args]
      .map((word) => `'${word}'`)
      .join(" ");
    this.#child = spawn(
      "script",
      ["-qefc", `stty cols 80 rows 24; echo "pid $$"; exec ${command}`, "/dev/null"],
      {
        cwd: this.home,
        env: {
          PATH: process.env["PATH"],
          HOME: this.home,
          TERM: "xterm-256color",
          NIX_REMOTE: "dummy://",
          NIX_STATE_DIR: "/var/empty",
          NIX_CONF_DIR: "/var/empty",
          NIVIS_NO_CACHE: "1",
          ...environment,
        },
      },
    );
    this.#child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      this.#output += piece;
      this.#all += piece;
      if (this.#pid === 0) this.#pid = Number(/pid (\d+)/.exec(this.#output)?.[1] ?? 0);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("close", resolve);
    });
  }

  /** The codes of colours and styles that were written, but for their end. */
  get styles(): readonly string[] {
    return (this.#all.match(/\x1b\[[0-9;]*m/g) ?? []).filter((code) => !/^\x1b\[0?m$/.test(code));
  }

  /** Gives the terminal another width. */
  resize(columns: number): void {
    spawnSync("stty", ["-F", `/proc/${this.#pid}/fd/0`, "cols", String(columns)]);
  }

  /** What was printed since the last call, when a pattern occurs in it without escape sequences. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const plain = this.#output.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
      if (pattern.test(plain)) {
        this.#output = "";
        return plain;
      }
      if (Date.now() > deadline) throw new Error(`no ${pattern} in ${JSON.stringify(plain)}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }

  /** Closes the terminal and returns whether the REPL has ended within some seconds. */
  async hangUp(): Promise<boolean> {
    this.#child.kill("SIGKILL");
    for (let i = 0; i < 500; i++) {
      try {
        process.kill(this.#pid, 0);
      } catch {
        return true;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    return false;
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  end(): void {
    this.#child.kill("SIGKILL");
    rmSync(this.home, { recursive: true, force: true });
  }
}

describe.skipIf(!canScript)("on a terminal", () => {
  let session: Session;
  afterEach(() => session.end());

  it("edits, completes, previews and keeps the history", async () => {
    session = new Session(["--expr", "{ alpha = 1; beta.gamma = 42; }"]);
    await session.until(/alpha, beta\n+nix-repl> $/);
    session.type("bet\t.g\t");
    await session.until(/beta\.gamma/);
    session.type("\r");
    await session.until(/\n42\n/);
    // The preview is below the text.
    session.type("1 + 2");
    await session.until(/1 \+ 2\n3/);
    session.type("\x01(\x05) * 2\r");
    await session.until(/\n6\n/);
    session.type("\x1b[A\x1b[A\r");
    await session.until(/beta\.gamma[\s\S]*\n42\n/);
    session.type("\x04");
    expect(await session.ended).toBe(0);
    const history = readFileSync(join(session.home, ".local/share/nix/repl-history"), "utf8");
    expect(history).toBe("beta.gamma\n(1 + 2) * 2\nbeta.gamma\n");
  });

  it("Ctrl-C stops an evaluation and keeps the session", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("kept = 7\r");
    await session.until(/\n\nnix-repl> $/);
    session.type("let f = n: f (n + 1); in f 0\r");
    await session.until(/f 0\n/);
    // Whether the evaluation runs already or not.
    session.type("\x03");
    await session.until(/error: interrupted by the user/);
    session.type("kept\r");
    await session.until(/\n7\n/);
    // While editing it drops the input, lines above included.
    session.type("[\r1\x03");
    await session.until(/\^C/);
    session.type("8\r");
    await session.until(/\n8\n/);
  });

  it("Ctrl-C reaches a builtin, and what was typed before it is dropped", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("with builtins; sort (a: b: a < b) (genList (bitXor 98765) 8000000)\r");
    await session.until(/8000000\)\n/);
    session.type("12");
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    const begun = performance.now();
    session.type("3\x03");
    await session.until(/error: interrupted by the user\n\nnix-repl> $/);
    // Alone on a machine it takes some milliseconds.
    expect(performance.now() - begun).toBeLessThan(5000);
    session.type("6 * 7\r");
    await session.until(/nix-repl> 6 \* 7\n42\n/);
  });

  it("shows long output through the pager, and goes on when that ends", async () => {
    session = new Session([], { PAGER: "sed 's/^/paged:/'" });
    await session.until(/nix-repl> $/);
    session.type("builtins.genList (x: x) 30\r");
    await session.until(/paged:\[\npaged: {2}0\n[\s\S]*paged:\]\n\nnix-repl> $/);
    session.type("builtins.genList (x: x) 3\r");
    await session.until(/\n\[\n {2}0\n[\s\S]*\n\]\n\nnix-repl> $/);
    session.type(":?\r");
    await session.until(/paged:The following commands are available:/);
    session.type("1 + 1\r");
    await session.until(/\n2\n/);
  });

  it("Ctrl-C in a pager is the pager's", async () => {
    session = new Session([], {
      PAGER: "trap 'echo interrupted; exit' INT; cat; sleep 100 & wait",
    });
    await session.until(/nix-repl> $/);
    session.type(":?\r");
    await session.until(/Show this help/);
    session.type("\x03");
    await session.until(/interrupted\n/);
    session.type("1 + 1\r");
    await session.until(/\n2\n/);
  });

  it("a stop of the debugger has the keyboard to itself", async () => {
    session = new Session(["--debugger"]);
    await session.until(/nix-repl> $/);
    session.type("let a = 5; in builtins.break (a + 1)\r");
    await session.until(/breakpoint reached[\s\S]*nix-repl> $/);
    session.type("a\r");
    expect(await session.until(/\n5\n\nnix-repl> $/)).not.toContain("aa");
    session.type(":c\r");
    await session.until(/\n6\n\nnix-repl> $/);
    session.type("let f = n: f (n + 1); in f 0\r");
    await session.until(/f 0\n/);
    session.type("\x03");
    await session.until(/error: interrupted by the user/);
  });

  it("Ctrl-C pauses an evaluation that continues after a stop of the debugger", async () => {
    const program =
      "let f = n: if n < 0 then 0 else f (n + 1); in builtins.seq (builtins.break 1) (f 0)";
    session = new Session(["eval", "--debugger", "--expr", program]);
    await session.until(/breakpoint reached[\s\S]*nix-repl> $/);
    session.type(":c\r");
    await session.until(/:c\n/);
    session.type("\x03");
    await session.until(/pause in expression\n«string»:1:\d+\n[\s\S]*nix-repl> $/);
    session.type("n > 0\r");
    await session.until(/\ntrue\n\nnix-repl> $/);
    session.type(":c\r");
    await session.until(/:c\n/);
    session.type("\x03");
    await session.until(/pause in [\s\S]*nix-repl> $/);
    session.type(":q\r");
    expect(await session.ended).toBe(0);
  });

  it.each([
    ["while it waits for keys", ""],
    ["while it evaluates", "let f = n: f (n + 1); in f 0\r"],
    ["while the pager runs", ":?\r"],
  ])("ends with its terminal, %s", async (_, keys) => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type(keys);
    if (keys !== "") await session.until(/f 0\n|available/);
    expect(await session.hangUp()).toBe(true);
  });

  it("takes several lines, typed or pasted", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("{\ra = 1;\r}\r");
    await session.until(/\{ a = 1; \}/);
    session.type("\x1b[200~let\n  x = 5;\nin x\x1b[201~\r");
    await session.until(/\n5\n/);
  });

  it("an unreadable history is a warning", async () => {
    session = new Session([], { NIX_DATA_HOME: COMMAND });
    await session.until(/warning: the history .* cannot be read \(ENOTDIR\)[\s\S]*nix-repl> $/);
    session.type("1\r");
    await session.until(/\n1\n/);
  });

  it("Ctrl-R finds earlier inputs", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("unique = 1234\r");
    await session.until(/nix-repl> $/);
    session.type("2 + 2\r");
    await session.until(/\n4\n/);
    session.type("\x12uni");
    await session.until(/\(reverse-i-search\)'uni': unique = 1234/);
    session.type("\x01\x0b unique + 1\r");
    await session.until(/\n1235\n/);
  });

  it("a preview has no effects, and completion evaluates no attributes", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("20 + 3");
    await session.until(/20 \+ 3[\s\S]*23/);
    session.type("\x03");
    await session.until(/\^C/);
    session.type('builtins.trace "effect" 5');
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    session.type("\x03");
    expect(await session.until(/\^C/)).not.toMatch(/trace: effect/);
    session.type('s = { abc = throw "no"; abd = builtins.trace "looked" 2; }\r');
    await session.until(/nix-repl> $/);
    session.type("s.ab\t\t");
    expect(await session.until(/abc +abd/)).not.toMatch(/trace: looked|error/);
  });

  it("draws an input of several lines again when the terminal is resized", async () => {
    session = new Session();
    await session.until(/nix-repl> $/);
    session.type("{\r");
    await session.until(/ > /);
    session.type(`a = "${"c".repeat(60)}";`);
    await session.until(/c";/);
    session.resize(30);
    await session.until(/a = "c+\n/);
    session.resize(100);
    session.type("\r}\r");
    await session.until(/\{ a = "c{60}"; \}\n/);
  });

  it("NO_COLOR leaves out colours", async () => {
    session = new Session([], { NO_COLOR: "1" });
    await session.until(/nix-repl> $/);
    session.type('{ a = "x"; }\r');
    await session.until(/a = "x"; \}\n/);
    expect(session.styles).toEqual([]);
  });

  it("a history that cannot be written leaves the session alone", async () => {
    // A file is where a directory would have to be.
    session = new Session([], { NIX_DATA_HOME: join(process.execPath, "nivis") });
    await session.until(/nix-repl> $/);
    session.type("1 + 41\r");
    await session.until(/\n42\n/);
    session.type("2 + 41\r");
    await session.until(/\n43\n/);
  });

  it("a history with any bytes can be gone through", async () => {
    const home = mkdtempSync(join(tmpdir(), "nivis-history-"));
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    writeFileSync(join(home, "repl-history"), Buffer.concat([all, all, Buffer.from("\nx = 1\n")]));
    session = new Session([], { NIX_DATA_HOME: home });
    await session.until(/nix-repl> $/);
    session.type("\x1b[A");
    await session.until(/x = 1/);
    session.type("\x1b[A\x1b[A\x1b[A");
    await session.until(/\^@\^A/);
    session.type("\x031 + 41\r");
    await session.until(/\n42\n/);
    rmSync(home, { recursive: true });
  });

  it("has the keys of vi if readline has them", async () => {
    session = new Session([], {});
    writeFileSync(join(session.home, ".inputrc"), "set editing-mode vi\n");
    await session.until(/nix-repl> $/);
    session.type("1 + 23\x1b");
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
    session.type("x\r");
    await session.until(/\n3\n/);
  });

  it("a terminal that cannot draw gets plain lines", async () => {
    session = new Session([], { TERM: "dumb" });
    await session.until(/nix-repl> $/);
    session.type("1 + 1\n");
    await session.until(/\n2\n/);
  });
});
