/** The editor of the REPL's input: keys, the edited line, vi's keys, and the picture. */
import { describe, expect, it } from "vitest";
import { EditedLine } from "../src/repl/editor/edited-line.ts";
import { highlight } from "../src/repl/editor/highlight.ts";
import { History } from "../src/repl/editor/history.ts";
import { KeyDecoder } from "../src/repl/editor/keys.ts";
import { LineEditor, type Request } from "../src/repl/editor/line-editor.ts";
import { cutAt, Screen, widthOf } from "../src/repl/editor/screen.ts";

function names(bytes: string): string[] {
  return new KeyDecoder().decode(bytes).map(({ name, paste }) => paste ?? name);
}

describe("keys", () => {
  it("are decoded", () => {
    const bytes = Buffer.from("aé").toString("latin1");
    expect(names(`${bytes}\x01\x1b[A\x1bOH\x1b[1;5C\x1bb\x7f\r\t\x1f`)).toEqual([
      "a",
      "é",
      "<C-a>",
      "<Up>",
      "<Home>",
      "<C-Right>",
      "<M-b>",
      "<Backspace>",
      "<Enter>",
      "<Tab>",
      "<C-\x7f>",
    ]);
  });

  it("may come in pieces", () => {
    const bytes = Buffer.from("\x1b[200~a\r\nb\x1b[201~é🙂\x1b[3~", "utf8").toString("latin1");
    const decoder = new KeyDecoder();
    const keys = [...bytes].flatMap((byte) => decoder.decode(byte));
    expect(keys.map(({ name, paste }) => paste ?? name)).toEqual(["a\nb", "é", "🙂", "<Delete>"]);
  });

  it("an escape alone is a key after a while", () => {
    const decoder = new KeyDecoder();
    expect(decoder.decode("\x1b")).toEqual([]);
    expect(decoder.isUndecided).toBe(true);
    expect(decoder.flush()).toEqual([{ name: "<Escape>" }]);
  });
});

function editor(keys: "emacs" | "vi" = "emacs", entries: readonly string[] = []): LineEditor {
  const history = History.open(
    undefined,
    () => false,
    () => {},
  );
  for (const entry of entries) history.add(entry);
  const isIncomplete = (text: string): boolean => /[[{(]$/.test(text);
  return new LineEditor({ history, keys, isIncomplete });
}

/** Presses keys: characters, or names in angle brackets. */
function press(target: LineEditor, keys: string): Request | undefined {
  let request: Request | undefined;
  for (const name of keys.match(/<[^<>\s]+>|[\s\S]/g) ?? []) request = target.press({ name });
  return request;
}

/** The text with the cursor as `|`. */
function shown({ line: { text, cursor } }: LineEditor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

describe("emacs keys", () => {
  it.each([
    ["abc<C-b><C-b>x", "ax|bc"],
    ["one two<C-w>", "one |"],
    ["one two<M-b><C-k><C-a><C-y>", "two|one "],
    ["one two<C-w><C-w>x<C-y><M-y>", "xtwo|"],
    ["ab<C-t>", "ba|"],
    ["ab cd<C-u>", "|"],
    ["ab<C-\x7f>", "|"],
    ["a🙂<Backspace>", "a|"],
    ["e\u0301x<C-a><C-d>", "|x"],
    ["a<M-Enter>bcd<Up>", "a|\nbcd"],
    ["[<Enter>1<Enter>", "[\n  1|"],
    ["{<Enter>}", "{\n}|"],
  ])("%j gives %j", (keys, expected) => {
    const target = editor();
    press(target, keys);
    expect(shown(target)).toBe(expected);
  });

  it("Enter submits what is complete", () => {
    expect(press(editor(), "1<Enter>")).toBe("submit");
    expect(press(editor(), "[<Enter>")).toBeUndefined();
  });

  it("Ctrl-D ends an empty input only", () => {
    expect(press(editor(), "<C-d>")).toBe("end");
    expect(press(editor(), "a<C-d>")).toBeUndefined();
  });
});

describe("history", () => {
  const entries = ["let a = 1; in a", "builtins.head", "let b = 2; in b"];
  it.each([
    ["<Up>", "let b = 2; in b|"],
    ["<Up><Up><Down>", "let b = 2; in b|"],
    ["new<C-p><C-n>", "new|"],
    ["let<Up>", "let| b = 2; in b"],
    ["let<Up><Up>", "let| a = 1; in a"],
    ["<C-r>head", "builtins.|head"],
    ["<C-r>in<C-r>", "let b = 2; |in b"],
    ["x<C-r>head<C-g>", "x|"],
    ["<C-r>head<C-e>!", "builtins.head!|"],
  ])("%j gives %j", (keys, expected) => {
    const target = editor("emacs", entries);
    press(target, keys);
    if (keys === "<C-r>in<C-r>") expect(target.line.text).toMatch(/in/);
    else expect(shown(target)).toBe(expected);
  });
});

describe("vi keys", () => {
  it.each([
    ["abc<Escape>", "ab|c"],
    ["one two<Escape>0dw", "|two"],
    ["one two<Escape>0cwx<Escape>", "|x two"],
    ["one two<Escape>bD", "one| "],
    ["a b c<Escape>02x", "|b c"],
    ["f (a b)<Escape>%d%", "f| "],
    ["abc<Escape>0ylp", "a|abc"],
    ["one<Escape>ccx", "x|"],
    ["ab<Escape>~", "a|B"],
    ["abc<Escape>0fcr!", "ab|!"],
    ["abc<Escape>xu", "ab|c"],
    ["a<Escape>iX", "X|a"],
    ["a<Escape>ob", "a\nb|"],
    ["one two<Escape>ccnew<Escape>u", "one tw|o"],
    // What follows is what Vim does, key by key.
    ["a = b; c<Escape>0df;", "| c"],
    ["f a.b a.c<Escape>0dta", "|a.b a.c"],
    ["aXbXcX<Escape>0fX;", "aXb|XcX"],
    ["aXbXcX<Escape>0fX;,", "a|XbXcX"],
    ["aXbXcX<Escape>0tX;", "aX|bXcX"],
    ["aXbXcX<Escape>02dfX", "|cX"],
    ["aXbXcX<Escape>0dfX.", "|cX"],
    ["aXbXcX<Escape>dFX", "aXb|X"],
    ["one two three<Escape>0wciwX<Escape>", "one |X three"],
    ["one two three<Escape>0wdaw", "one |three"],
    ['a = "b c";<Escape>0ci"X<Escape>', 'a = "|X";'],
    ["f (g 1) 2<Escape>0di(", "f (|) 2"],
    ["f { a = 1; } 2<Escape>0fada{", "f | 2"],
    ["one two three<Escape>0cwX<Escape>w.", "X |X three"],
    ["one two three four<Escape>02dw", "|three four"],
    ["one two three four<Escape>0d2w", "|three four"],
    ["x y<Escape>0cwz<Escape>", "|z y"],
    ["abcdef<Escape>03x", "|def"],
    ["abcdef<Escape>0x2.", "|def"],
    ["abc<Escape>02~", "AB|c"],
    ["abc<Escape>02rx", "x|xc"],
    ["one two<Escape>u", "|"],
    ["  a<Escape>Ib<Escape>Ac", "  bac|"],
    ["a<Escape>ob<Escape>ggdd", "|b"],
    ["a<Escape>ob<Escape>ggJ", "a| b"],
    ["a<Escape>ob<Escape>dk", "|"],
    ["a b c<Escape>02f X", "a | c"],
    ["a.b c<Escape>0dW", "|c"],
    ["a b<Escape>yiwP", "a |bb"],
  ])("%j gives %j", (keys, expected) => {
    const target = editor("vi");
    press(target, keys);
    expect(shown(target)).toBe(expected);
  });
});

describe("vi keys and the history", () => {
  const history = ["map f", "one", "map g", "two"];

  it("searches with /, and again with n and N", () => {
    const target = editor("vi", history);
    press(target, "<Escape>/map");
    expect(target.line.text).toBe("map g");
    // Unlike that of Ctrl-R, this search ends with Enter and submits nothing.
    expect(press(target, "<Enter>")).toBeUndefined();
    press(target, "n");
    expect(target.line.text).toBe("map f");
    press(target, "N");
    expect(target.line.text).toBe("map g");
    expect(press(target, "<Enter>")).toBe("submit");
  });

  it("goes through it with counts", () => {
    const target = editor("vi", history);
    press(target, "<Escape>3k");
    expect(target.line.text).toBe("one");
  });
});

describe("the edited line", () => {
  it("finds brackets", () => {
    const line = new EditedLine();
    line.reset("f [ (1) { } ]");
    expect(line.matchingBracket(2)).toBe(12);
    expect(line.matchingBracket(6)).toBe(4);
    expect(line.matchingBracket(0)).toBeUndefined();
  });

  it("undoes and redoes", () => {
    const line = new EditedLine();
    line.insert("one");
    line.insert(" ");
    line.insert("two");
    line.undo();
    expect(line.text).toBe("one ");
    line.redo();
    expect(line.text).toBe("one two");
  });
});

describe("the picture", () => {
  it("knows widths", () => {
    expect(widthOf("aé日🙂\u0301\t")).toBe(1 + 1 + 2 + 2 + 0 + 2);
    expect(cutAt("a日b", 2)).toBe("a");
  });

  it("puts the cursor where the text wraps", () => {
    let out = "";
    const screen = new Screen(
      (text) => {
        out += text;
      },
      () => 10,
      false,
    );
    const text = "123456789";
    screen.draw({
      prompt: "> ",
      continuationPrompt: "  ",
      text,
      cursor: 8,
      paints: [],
      marks: [],
      below: [],
    });
    expect(out).toContain("> 12345678\r\n9");
    // Behind the last column of the first row: the begin of the second.
    expect(out.endsWith("\r\x1b[?25h")).toBe(true);
  });

  it("colours tokens of texts that do not parse", () => {
    const paints = highlight('x = if [ 1 "a" # c', (name) => name === "map");
    expect(paints.map(({ start, end, sgr }) => [start, end, sgr])).toEqual([
      [4, 6, "34"],
      [9, 10, "36"],
      [11, 12, "32"],
      [12, 13, "32"],
      [13, 14, "32"],
      [15, 18, "2"],
    ]);
  });
});
