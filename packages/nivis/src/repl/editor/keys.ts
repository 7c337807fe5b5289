/**
 * Keys: what a terminal sends, as names. It decodes UTF-8, control characters, the escape sequences of
 * xterm and its descendants, and bracketed paste. It holds no more than an unfinished sequence.
 */

/** A key that was pressed, or a text that was pasted. */
export interface Key {
  /**
   * A printable text, or a name in angle brackets such as `<Left>`, `<C-a>` for Ctrl-A, `<M-b>` for
   * Alt-B.
   */
  readonly name: string;
  /** A pasted text. */
  readonly paste?: string;
}

const PASTE_START = "\x1b[200~";
const PASTE_END = "\x1b[201~";

/** The final characters of `ESC [ …` and `ESC O …`. */
const FINALS: Readonly<Record<string, string>> = {
  A: "Up",
  B: "Down",
  C: "Right",
  D: "Left",
  F: "End",
  H: "Home",
  Z: "S-Tab",
  M: "Enter",
};
/** The numbers of `ESC [ N ~`. */
const NUMBERS: Readonly<Record<string, string>> = {
  "1": "Home",
  "2": "Insert",
  "3": "Delete",
  "4": "End",
  "5": "PageUp",
  "6": "PageDown",
  "7": "Home",
  "8": "End",
};

const CONTROLS: Readonly<Record<string, string>> = {
  "\r": "Enter",
  "\n": "C-j",
  "\t": "Tab",
  "\x7f": "Backspace",
  "\b": "Backspace",
  "\x1b": "Escape",
  "\0": "C-Space",
};

/** Decodes the bytes of a terminal. */
export class KeyDecoder {
  #pending = "";
  #paste: string | undefined;

  /** Whether the bytes so far end with an escape that may begin a sequence, or be the key Escape. */
  get isUndecided(): boolean {
    return this.#paste === undefined && this.#pending === "\x1b";
  }

  /** Takes what is undecided as it stands. */
  flush(): Key[] {
    if (!this.isUndecided) return [];
    this.#pending = "";
    return [{ name: "<Escape>" }];
  }

  /** Takes bytes, one per char, and returns the keys that are complete. */
  decode(bytes: string): Key[] {
    this.#pending += bytes;
    const keys: Key[] = [];
    while (this.#pending !== "") {
      const key = this.#paste === undefined ? this.#next() : this.#readPaste();
      if (key === "unfinished") break;
      if (key !== undefined) keys.push(key);
    }
    return keys;
  }

  #readPaste(): Key | "unfinished" {
    const end = this.#pending.indexOf(PASTE_END);
    if (end < 0) {
      // The end may be cut in two.
      const keep = PASTE_END.length - 1;
      this.#paste += this.#pending.slice(0, -keep);
      this.#pending = this.#pending.slice(-keep);
      return "unfinished";
    }
    const paste = text(this.#paste + this.#pending.slice(0, end)).replace(/\r\n?/g, "\n");
    this.#pending = this.#pending.slice(end + PASTE_END.length);
    this.#paste = undefined;
    return { name: "<Paste>", paste };
  }

  #take(length: number): string {
    const taken = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    return taken;
  }

  #next(): Key | "unfinished" | undefined {
    const pending = this.#pending;
    const first = pending[0] as string;
    if (first === "\x1b") return this.#escape();
    const control = CONTROLS[first];
    if (control !== undefined) {
      this.#take(1);
      return { name: `<${control}>` };
    }
    if (first < " ") {
      this.#take(1);
      return { name: `<C-${String.fromCharCode(first.charCodeAt(0) + 96)}>` };
    }
    const length = utf8Length(first.charCodeAt(0));
    if (pending.length < length) return "unfinished";
    return { name: text(this.#take(length)) };
  }

  #escape(): Key | "unfinished" | undefined {
    const pending = this.#pending;
    if (pending.startsWith(PASTE_START)) {
      this.#take(PASTE_START.length);
      this.#paste = "";
      return undefined;
    }
    if (pending.length === 1) return "unfinished";
    const second = pending[1] as string;
    if (second === "[" || second === "O") {
      const match = /^\x1b(?:\[([0-9;?]*)|O)([A-Za-z~])/.exec(pending);
      if (match === null) {
        if (/^\x1b(?:\[[0-9;?]*|O)$/.test(pending)) return "unfinished";
        this.#take(2);
        return undefined;
      }
      this.#take(match[0].length);
      const [number = "", modifier] = (match[1] ?? "").split(";");
      const name = match[2] === "~" ? NUMBERS[number] : FINALS[match[2] as string];
      return name === undefined ? undefined : { name: `<${modified(modifier)}${name}>` };
    }
    this.#take(1);
    const key = this.#next();
    if (key === "unfinished") {
      this.#pending = `\x1b${this.#pending}`;
      return "unfinished";
    }
    if (key === undefined) return undefined;
    const inner = key.name.startsWith("<") ? key.name.slice(1, -1) : key.name;
    return { name: `<M-${inner}>` };
  }
}

/** Alt and Ctrl of the number that xterm puts before the final character. */
function modified(modifier: string | undefined): string {
  const bits = Number(modifier ?? "1") - 1;
  return `${(bits & 4) !== 0 ? "C-" : ""}${(bits & 2) !== 0 ? "M-" : ""}`;
}

function utf8Length(byte: number): number {
  if (byte < 0xc0) return 1;
  if (byte < 0xe0) return 2;
  return byte < 0xf0 ? 3 : 4;
}

function text(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
