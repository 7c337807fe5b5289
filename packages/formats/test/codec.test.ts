/** Versions, floats, UTF-8, XML and the JSON of derivations. */
import { describe, expect, test } from "vitest";
import {
  compareVersions,
  decodeUtf8,
  encodeUtf8,
  escapeXmlAttribute,
  findUtf8Error,
  formatDerivationJson,
  formatF6,
  formatG6,
  formatXmlAttribute,
  parseDerivation,
  parseDrvName,
  portableHashes,
  splitVersion,
  XmlWriter,
} from "../src/index.ts";

describe("versions", () => {
  test("are split into components", () => {
    expect(splitVersion("1.2-rc3..4a")).toEqual(["1", "2", "rc", "3", "4", "a"]);
    expect(splitVersion(".-")).toEqual([]);
  });
  test("are ordered", () => {
    const ascending = [
      "",
      "0pre",
      "pre1",
      "pre2",
      "0",
      "1.0pre",
      "1.0",
      "1.0.1",
      "1.1",
      "2.3a",
      "2.3.1",
      "2.10",
    ];
    for (const [a, b] of [
      ["1.0", "2.3"],
      ["2.1", "2.3"],
      ["2.3pre1", "2.3"],
      ["2.3pre1", "2.3pre12"],
      ["2.3a", "2.3c"],
      ["2.3a", "2.3.1"],
      ["1.5pre", "1.5"],
      ["2.9", "2.10"],
      ["", "0"],
      ["pre", ""],
      // Numbers beyond `int` compare as texts, and every text is older than a number.
      ["1.10000000000", "1.9999999999"],
      ["1.99999999999", "1.1"],
    ] as const) {
      expect([a, b, compareVersions(a, b), compareVersions(b, a)]).toEqual([a, b, -1, 1]);
    }
    for (const [a, b] of [
      ["1.0", "1-0"],
      ["1.0", "1.00"],
      ["1.0.", "1.0"],
      ["", ""],
    ] as const) {
      expect(compareVersions(a, b)).toBe(0);
    }
    expect(ascending.map((version) => compareVersions(version, version))).toEqual(
      ascending.map(() => 0),
    );
  });
  test("are split off names", () => {
    for (const [text, name, version] of [
      ["nix-0.12pre12876", "nix", "0.12pre12876"],
      ["apache-httpd-2.0.48", "apache-httpd", "2.0.48"],
      ["foo", "foo", ""],
      ["foo-", "foo-", ""],
      ["a-b-c", "a-b-c", ""],
      ["-1", "", "1"],
      ["a--b", "a", "-b"],
      ["a-\xe9", "a", "\xe9"],
    ]) {
      expect(parseDrvName(text as string)).toEqual({ name, version });
    }
  });
});

describe("floats", () => {
  test("as %g", () => {
    for (const [value, text] of [
      [1, "1"],
      [0, "0"],
      [-0, "-0"],
      [0.1, "0.1"],
      [1e6, "1e+06"],
      [999999.5, "1e+06"],
      [999999, "999999"],
      [123456.7, "123457"],
      [1e-5, "1e-05"],
      [0.0001, "0.0001"],
      [1.23456789, "1.23457"],
      [-1.5e-10, "-1.5e-10"],
      [1e100, "1e+100"],
      [100, "100"],
      [1 / 3, "0.333333"],
      [Number.POSITIVE_INFINITY, "inf"],
      [Number.NEGATIVE_INFINITY, "-inf"],
      [Number.NaN, "nan"],
    ] as const) {
      expect(formatG6(value)).toBe(text);
    }
  });
  test("as %f", () => {
    for (const [value, text] of [
      [1, "1.000000"],
      [-0, "-0.000000"],
      [0.1, "0.100000"],
      [1e-9, "0.000000"],
      [-1e-9, "-0.000000"],
      [1e21, "1000000000000000000000.000000"],
      [1e22, "10000000000000000000000.000000"],
      [2 ** 80, "1208925819614629174706176.000000"],
      [Number.NEGATIVE_INFINITY, "-inf"],
    ] as const) {
      expect(formatF6(value)).toBe(text);
    }
  });
});

describe("UTF-8", () => {
  test("is encoded and decoded", () => {
    const text = "aé€😀\ufeff";
    expect(decodeUtf8(encodeUtf8(text))).toBe(text);
    expect(encodeUtf8("é")).toBe("\xc3\xa9");
  });
  test("is checked, with the offset of the error", () => {
    expect(findUtf8Error("a\xc3\xa9")).toBeUndefined();
    for (const [bytes, kind, offset] of [
      ["a\x80", "invalid", 1],
      ["\xc0\x80", "invalid", 0],
      ["\xe0\x80\x80", "invalid", 1],
      ["\xed\xa0\x80", "invalid", 1],
      ["\xf0\x8f\x80\x80", "invalid", 1],
      ["\xf4\x90\x80\x80", "invalid", 1],
      ["\xf5", "invalid", 0],
      ["\xe2\x82x", "invalid", 2],
      ["a\xe2\x82", "incomplete", 2],
    ] as const) {
      expect(findUtf8Error(bytes)).toMatchObject({ kind, offset });
    }
  });
});

describe("XML", () => {
  test("is indented and escaped", () => {
    const writer = new XmlWriter();
    writer.openElement("expr");
    writer.openElement("attrs", formatXmlAttribute("a", '<"&>\n') + formatXmlAttribute("b", "2"));
    writer.emptyElement("null");
    expect(writer.finish()).toBe(
      "<?xml version='1.0' encoding='utf-8'?>\n<expr>\n" +
        '  <attrs a="&lt;&quot;&amp;&gt;&#xA;" b="2">\n    <null />\n  </attrs>\n</expr>\n',
    );
    expect(escapeXmlAttribute("plain")).toBe("plain");
  });
  test("is indented at any depth", () => {
    const writer = new XmlWriter();
    for (let i = 0; i < 200; i++) writer.openElement("a");
    const lines = writer.finish().split("\n");
    expect(lines[200]).toBe(`${"  ".repeat(199)}<a>`);
    expect(lines[201]).toBe(`${"  ".repeat(199)}</a>`);
    expect(lines[400]).toBe("</a>");
  });
});

describe("derivations as JSON", () => {
  test("have format version 4", () => {
    const drv = parseDerivation(
      'Derive([("out","","r:sha256","")],[("/nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv",["dev","bin"])],' +
        '["/nix/store/2zgm6g4x91yavq1nyf217ahv0hr592j2-f.txt"],"sys","/bin/sh",["-c"],[("b","2"),("a","1"),("__json","{}")])',
      "x",
      { storeDir: "/nix/store", hashes: portableHashes },
    );
    expect(formatDerivationJson(drv)).toBe(
      '{"args":["-c"],"builder":"/bin/sh","env":{"a":"1","b":"2"},' +
        '"inputs":{"drvs":{"7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv":{"dynamicOutputs":{},"outputs":["bin","dev"]}},' +
        '"srcs":["2zgm6g4x91yavq1nyf217ahv0hr592j2-f.txt"]},"name":"x",' +
        '"outputs":{"out":{"hashAlgo":"sha256","method":"nar"}},"structuredAttrs":{},"system":"sys","version":4}',
    );
  });
});
