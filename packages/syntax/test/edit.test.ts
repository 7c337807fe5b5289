/** Edits by example: each is the text before, what is done, and the text after. */
import { describe, expect, test } from "vitest";
import {
  addInput,
  EditError,
  flakeInputs,
  NixFile,
  removeInput,
  setInputRef,
  setInputUrl,
  updatePackage,
  urlWithRef,
} from "../src/index.ts";

/** Does something to a text; the edits that it reports must lead to the same text. */
function edited(text: string, change: (file: NixFile) => void): string {
  const file = new NixFile(text);
  change(file);
  let result = "";
  let at = 0;
  for (const { start, end, text: put } of file.edits) {
    expect(start).toBeGreaterThanOrEqual(at);
    result += text.slice(at, start) + put;
    at = end;
  }
  expect(result + text.slice(at)).toBe(file.toString());
  return file.toString();
}

function lines(...each: string[]): string {
  return `${each.join("\n")}\n`;
}

describe("reading", () => {
  const file = new NixFile(
    lines(
      "# top",
      "{ lib, ... }:",
      "let",
      '  version = "1";',
      "in",
      "f rec {",
      "  inherit version;",
      "  a.b = 1;",
      '  a."c d" = 2;',
      "  e = { f.g = 3; ${x} = 4; };",
      '  src = fetch { rev = "r"; };',
      "  u = https://a.b/c;",
      "} // { h = 5; }",
    ),
  );

  test.each([
    ["a.b", "1"],
    ['a."c d"', "2"],
    ["e.f.g", "3"],
    ["src.rev", '"r"'],
    ["h", "5"],
    ["a", undefined],
    ["version", undefined],
    ["@version", '"1"'],
    ["none", undefined],
  ])("%s is %s", (path, text) => {
    expect(file.get(path)).toBe(text);
  });

  test("strings and names", () => {
    expect(file.getString("src.rev")).toBe("r");
    expect(file.getString("u")).toBe("https://a.b/c");
    expect(file.getString("a.b")).toBeUndefined();
    expect(file.names("a")).toEqual(["b", "c d"]);
    expect(file.formals()).toEqual(["lib"]);
  });
});

describe("set", () => {
  test("replaces the value and nothing else", () => {
    expect(edited("{ a  =  1 ; # x\n}", (file) => file.set("a", "2"))).toBe("{ a  =  2 ; # x\n}");
    expect(edited("{ a = { b.c = [ 1 ]; }; }", (file) => file.set("a.b.c", "[ ]"))).toBe(
      "{ a = { b.c = [ ]; }; }",
    );
  });

  test("adds what is not there", () => {
    expect(edited("{ a = 1; }", (file) => file.set("b", "2"))).toBe("{ a = 1; b = 2; }");
  });

  test("leaves alone what is not written as a binding", () => {
    expect(() => new NixFile("{ inherit a; }").set("a", "1")).toThrow(/is inherited/);
    expect(() => new NixFile("{ a.b = 1; }").set("a", "1")).toThrow(/set of several bindings/);
    expect(() => new NixFile("{ a = b; }").set("a.c", "1")).toThrow(
      /'a' is not a set that is written/,
    );
    expect(() => new NixFile("{ a = 1; }").set("a", "1; b =")).toThrow(EditError);
    expect(() => new NixFile("{ a = ; }")).toThrow(/does not parse: .*line 1, column 7/);
  });
});

describe("setString", () => {
  test("keeps the quotes and escapes", () => {
    expect(edited('{ a = "x"; }', (file) => file.setString("a", 'y"${z}\\'))).toBe(
      '{ a = "y\\"\\${z}\\\\"; }',
    );
    expect(edited("{ a = ''x''; }", (file) => file.setString("a", "y''${z}"))).toBe(
      "{ a = ''y'''''${z}''; }",
    );
    expect(edited("{ a = http://x.y; }", (file) => file.setString("a", "z w"))).toBe(
      '{ a = "z w"; }',
    );
  });

  test("refuses what is not a plain string", () => {
    expect(() => new NixFile('{ a = "x${y}"; }').setString("a", "z")).toThrow(/interpolations/);
    expect(() => new NixFile("{ a = b; }").setString("a", "z")).toThrow(/not a string but 'b'/);
  });
});

describe("insert", () => {
  test("takes indentation and blank lines from the neighbours", () => {
    expect(edited(lines("{", "    a = 1; # x", "}"), (file) => file.insert("b", "2"))).toBe(
      lines("{", "    a = 1; # x", "    b = 2;", "}"),
    );
    expect(
      edited(lines("{", "  a = 1;", "", "  b = 2;", "}"), (file) => file.insert("c", "3")),
    ).toBe(lines("{", "  a = 1;", "", "  b = 2;", "", "  c = 3;", "}"));
    expect(edited(lines("{", "}"), (file) => file.insert("a", "1"))).toBe(
      lines("{", "  a = 1;", "}"),
    );
    expect(edited("{ }", (file) => file.insert("a", "1"))).toBe("{ a = 1; }");
    expect(edited("{}", (file) => file.insert("a", "1"))).toBe("{ a = 1; }");
    expect(edited(lines("{", "  # x", "}"), (file) => file.insert("a", "1"))).toBe(
      lines("{", "  # x", "  a = 1;", "}"),
    );
  });

  test("stays with those that share its path", () => {
    const text = lines("{", "  a.b = 1;", "  a.c = 2;", "  d = 3;", "}");
    expect(edited(text, (file) => file.insert("a.e", "4"))).toBe(
      lines("{", "  a.b = 1;", "  a.c = 2;", "  a.e = 4;", "  d = 3;", "}"),
    );
    expect(edited("{ a = { b = 1; }; }", (file) => file.insert("a.c.d", "2"))).toBe(
      "{ a = { b = 1; c.d = 2; }; }",
    );
  });

  test("goes where it is told, into lets too, with the line ends that are there", () => {
    expect(
      edited(lines("{", "  a = 1;", "  b = 2;", "}"), (file) =>
        file.insert("c", "3", { after: "a" }),
      ),
    ).toBe(lines("{", "  a = 1;", "  c = 3;", "  b = 2;", "}"));
    expect(edited(lines("let", "  a = 1;", "in", "{ }"), (file) => file.insert("@b", "2"))).toBe(
      lines("let", "  a = 1;", "  b = 2;", "in", "{ }"),
    );
    expect(edited("{\r\n  a = 1;\r\n}", (file) => file.insert("b", "2"))).toBe(
      "{\r\n  a = 1;\r\n  b = 2;\r\n}",
    );
    expect(() => new NixFile("{ a = 1; }").insert("a", "2")).toThrow(/there already/);
    expect(() => new NixFile("1").insert("a", "2")).toThrow(/no set/);
  });
});

describe("remove", () => {
  test("takes comments on the line and right above along", () => {
    const text = lines(
      "{",
      "  a = 1;",
      "",
      "  # other",
      "",
      "  # own",
      "  b = 2; # too",
      "  c = 3;",
      "}",
    );
    expect(edited(text, (file) => file.remove("b"))).toBe(
      lines("{", "  a = 1;", "", "  # other", "", "  c = 3;", "}"),
    );
  });

  test("leaves no double blank lines and none at the ends", () => {
    expect(
      edited(lines("{", "  a = 1;", "", "  b = 2;", "", "  c = 3;", "}"), (file) =>
        file.remove("b"),
      ),
    ).toBe(lines("{", "  a = 1;", "", "  c = 3;", "}"));
    expect(edited(lines("{", "  a = 1;", "", "  b = 2;", "}"), (file) => file.remove("b"))).toBe(
      lines("{", "  a = 1;", "}"),
    );
  });

  test("on one line, of several bindings, and of an inherit", () => {
    expect(edited("{ a = 1; b = 2; c = 3; }", (file) => file.remove("b"))).toBe(
      "{ a = 1; c = 3; }",
    );
    expect(
      edited(lines("{", "  a.b = 1;", "  c = 2;", "  a.d = 3;", "}"), (file) => file.remove("a")),
    ).toBe(lines("{", "  c = 2;", "}"));
    expect(
      edited(lines("{", "  a.b = 1;", "", "  a.c = 2;", "}"), (file) => file.remove("a")),
    ).toBe(lines("{", "}"));
    expect(edited("{ inherit a b; }", (file) => file.remove("a"))).toBe("{ inherit b; }");
    expect(edited("{ inherit a; b = 1; }", (file) => file.remove("a"))).toBe("{ b = 1; }");
    expect(() => new NixFile("{ }").remove("a")).toThrow(/no attribute 'a'/);
  });
});

test("rename changes every binding that has the name", () => {
  expect(edited("{ a.b = 1; a.c = 2; }", (file) => file.rename("a", "x y"))).toBe(
    '{ "x y".b = 1; "x y".c = 2; }',
  );
  expect(edited("{ a = { b = 1; }; }", (file) => file.rename("a.b", "c"))).toBe(
    "{ a = { c = 1; }; }",
  );
  expect(() => new NixFile("{ a = 1; b = 2; }").rename("a", "b")).toThrow(/there already/);
});

test("lists", () => {
  expect(edited("{ a = [ b ]; }", (file) => file.append("a", "c"))).toBe("{ a = [ b c ]; }");
  expect(edited("{ a = [ ]; }", (file) => file.append("a", "c"))).toBe("{ a = [ c ]; }");
  expect(
    edited(lines("{", "  a = with p; [", "    b # x", "  ];", "}"), (file) =>
      file.append("a", "c"),
    ),
  ).toBe(lines("{", "  a = with p; [", "    b # x", "    c", "  ];", "}"));
  expect(
    edited(lines("{", "  a = [", "    b", "    # x", "    c", "  ];", "}"), (file) =>
      file.removeItem("a", "c"),
    ),
  ).toBe(lines("{", "  a = [", "    b", "  ];", "}"));
  expect(() => new NixFile("{ a = 1; }").append("a", "b")).toThrow(/not a list/);
  expect(() => new NixFile("{ a = [ ]; }").removeItem("a", "b")).toThrow(/no item 'b'/);
});

test("formals", () => {
  const add = (text: string): string => edited(text, (file) => file.addFormal("x"));
  expect(add("{ a, b }: a")).toBe("{ a, b, x }: a");
  expect(add("{ a, b, ... }: a")).toBe("{ a, b, x, ... }: a");
  expect(add("{ a }: a")).toBe("{ a, x }: a");
  expect(add("{ }: 1")).toBe("{ x }: 1");
  expect(add("{ ... }: 1")).toBe("{ x, ... }: 1");
  expect(add("{ x }: 1")).toBe("{ x }: 1");
  expect(add("{\n  a,\n  b,\n}: a")).toBe("{\n  a,\n  b,\n  x,\n}: a");
  expect(add("{ a\n, b\n}: a")).toBe("{ a\n, b\n, x\n}: a");
  const drop = (text: string): string => edited(text, (file) => file.removeFormal("x"));
  expect(drop("{ a, x, ... }: a")).toBe("{ a, ... }: a");
  expect(drop("{ x, a }: a")).toBe("{ a }: a");
  expect(drop("{\n  a,\n  x,\n}: a")).toBe("{\n  a,\n}: a");
  expect(drop("{ x }: 1")).toBe("{ }: 1");
});

describe("flakes", () => {
  const flake = lines(
    "{",
    "  inputs = {",
    "    # the packages",
    '    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11?dir=x"; # stable',
    "",
    "    utils = {",
    '      url = "git+https://e.x/u%2Fv?ref=main&shallow=1";',
    '      inputs.nixpkgs.follows = "nixpkgs";',
    "    };",
    "  };",
    "",
    "  outputs =",
    "    { self, nixpkgs, utils }:",
    "    { };",
    "}",
  );

  test("inputs are read in all their forms", () => {
    expect(flakeInputs(new NixFile(flake))).toEqual([
      { name: "nixpkgs", url: "github:NixOS/nixpkgs/nixos-25.11?dir=x", follows: undefined },
      { name: "utils", url: "git+https://e.x/u%2Fv?ref=main&shallow=1", follows: undefined },
    ]);
    expect(
      flakeInputs(new NixFile('{ inputs.a.url = "b"; inputs."c".follows = "a"; inputs.d = { }; }')),
    ).toEqual([
      { name: "a", url: "b", follows: undefined },
      { name: "c", url: undefined, follows: "a" },
      { name: "d", url: undefined, follows: undefined },
    ]);
  });

  test("a url and a ref change alone", () => {
    expect(edited(flake, (file) => setInputUrl(file, "nixpkgs", "path:./x"))).toBe(
      flake.replace("github:NixOS/nixpkgs/nixos-25.11?dir=x", "path:./x"),
    );
    expect(edited(flake, (file) => setInputRef(file, "nixpkgs", "nixos-26.11"))).toBe(
      flake.replace("25.11", "26.11"),
    );
    expect(edited(flake, (file) => setInputRef(file, "utils", "v2"))).toBe(
      flake.replace("ref=main", "ref=v2"),
    );
    expect(() => setInputRef(new NixFile(flake), "none", "x")).toThrow(
      /no input 'none'; there are nixpkgs, utils/,
    );
  });

  test("an input is added and removed with its argument", () => {
    const added = edited(flake, (file) => addInput(file, "hm", "github:a/b"));
    expect(added).toBe(
      flake
        .replace("    };\n  };", '    };\n\n    hm.url = "github:a/b";\n  };')
        .replace("utils }:", "utils, hm }:"),
    );
    expect(edited(added, (file) => removeInput(file, "hm"))).toBe(flake);
    expect(edited(flake, (file) => removeInput(file, "nixpkgs"))).toContain("{ self, utils }:");
  });

  test.each([
    ["github:a/b", "c", "github:a/b/c"],
    ["github:a/b/x/y", "c", "github:a/b/c"],
    ["github:a/b?ref=x", "c", "github:a/b?ref=c"],
    ["git+ssh://h/p", "c", "git+ssh://h/p?ref=c"],
    ["git+ssh://h/p?dir=d", "a".repeat(40), `git+ssh://h/p?dir=d&rev=${"a".repeat(40)}`],
    ["git+ssh://h/p?ref=m", "a".repeat(40), `git+ssh://h/p?ref=m&rev=${"a".repeat(40)}`],
  ])("%s at %s is %s", (url, ref, expected) => {
    expect(urlWithRef(url, ref)).toBe(expected);
  });
});

test("packages: version, revision and hash where they are", () => {
  const text = lines(
    "{ stdenv, fetchFromGitHub }:",
    "stdenv.mkDerivation (finalAttrs: {",
    '  pname = "a";',
    '  version = "1.0"; # keep',
    "  src = fetchFromGitHub {",
    '    owner = "b";',
    '    rev = "v${finalAttrs.version}";',
    '    hash = "sha256-x=";',
    "  };",
    "})",
  );
  expect(
    edited(text, (file) => updatePackage(file, { version: "1.1", rev: "v1.1", hash: "sha256-y=" })),
  ).toBe(text.replace('"1.0"', '"1.1"').replace("sha256-x=", "sha256-y="));
  expect(() => updatePackage(new NixFile("{ }"), { version: "1" })).toThrow(/there is no version/);
});

test("edits compose in any order", () => {
  const text = "{ a = 1; b = [ x ]; c.d = 2; }";
  const changes: ((file: NixFile) => void)[] = [
    (file) => file.set("a", "3"),
    (file) => file.append("b", "y"),
    (file) => file.remove("c.d"),
    (file) => file.insert("e", "4"),
  ];
  const inOrder = edited(text, (file) => {
    for (const change of changes) change(file);
  });
  const reversed = edited(text, (file) => {
    for (const change of [...changes].reverse()) change(file);
  });
  expect(inOrder).toBe("{ a = 3; b = [ x y ]; e = 4; }");
  expect(reversed).toBe(inOrder);
});
