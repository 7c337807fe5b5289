/** `nivis explain`: positions, options with their definitions, overlays. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { folderWith, nivis } from "./terminal-double.ts";

const folder = folderWith({
  "a.nix": `{
  services.x.enable = true;
}`,
  "b.nix": `{ lib, ... }: {
  config = lib.mkIf true {
    services.x = {
      enable = lib.mkDefault false;
    };
  };
}`,
});
afterAll(folder.remove);

/** As the module system of nixpkgs: what it passes to `mergeDefinitions`, and the option that it makes. */
const FILE = join(folder.path, "system.nix");
writeFileSync(
  FILE,
  `let
  mkDefault = content: { _type = "override"; priority = 1000; inherit content; };
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  loc = [ "services" "x" "enable" ];
  mergeDefinitions = loc: type: defs: { value = (builtins.head defs).value; };
  defs = [
    { file = "${folder.path}/a.nix"; value = true; }
    { file = "${folder.path}/b.nix"; value = mkIf true (mkDefault false); }
    { file = "${folder.path}/c.nix"; value = mkIf false true; }
  ];
in {
  options.services.x.enable = {
    _type = "option";
    inherit loc;
    declarationPositions = [ { file = "x.nix"; line = 3; column = 5; } ];
    type.description = "boolean";
    default = false;
    isDefined = true;
    highestPrio = 100;
  };
  config.services.x.enable = (mergeDefinitions loc "bool" defs).value;
  overlays = [ (self: super: { other = 1; }) (self: super: { tool = super.tool; }) ];
  tool = derivation { name = "tool"; system = "s"; builder = "b"; } // { meta.position = "f.nix:7"; };
  plain.list = [ 1 { deep = 2; } ];
}`,
);

const explain = (...args: string[]) => nivis(["explain", FILE, ...args]);

describe("nivis explain", () => {
  test("names the definition that counts, and those that lost, with their lines", () => {
    const { code, out } = explain("config.services.x.enable");
    expect(code).toBe(0);
    expect(out.replaceAll(folder.path, "DIR")).toBe(`config.services.x.enable = true
  option services.x.enable: boolean
    declared in x.nix:3:5
    default: false
    true  (priority 100: counts)
      in DIR/a.nix:2:23
    false  (priority 1000: does not count, another has a higher priority)
      in DIR/b.nix:4:16
    (not evaluated)  (priority 100: does not count, its condition is false)
      in DIR/c.nix
`);
  });

  test("names the overlays that have a package", () => {
    const { out } = explain("tool");
    expect(out.replaceAll(FILE, "FILE")).toBe(`tool = a derivation 'tool'
  tool: FILE:23:3
  overlay 2 has it: FILE:22:62
  meta.position: f.nix:7
`);
  });

  test("gives each step its position, and prints JSON", () => {
    const [report] = JSON.parse(explain("--json", "plain.list.1.deep").out);
    expect(report).toMatchObject({ path: "plain.list.1.deep", value: "2", overlays: [] });
    expect(report.steps.map(({ name }: { name: string }) => name)).toEqual([
      "plain",
      "list",
      "1",
      "deep",
    ]);
    expect(report.steps[3].position).toBe(`${FILE}:24:22`);
    expect(report.option).toBeUndefined();
  });

  test("says what is wrong", () => {
    expect(explain().err).toContain("'nivis explain' needs an attribute path");
    const { code, err } = explain("config.services.y");
    expect(code).toBe(1);
    expect(err).toContain("services.y");
  });
});

describe("the module system", () => {
  const system = join(folder.path, "modules.nix");
  writeFileSync(
    join(folder.path, "m.nix"),
    `{
  config.plain = "literal";
  config.order = 1;
  config.users.a.home = "/a";
}`,
  );
  writeFileSync(
    system,
    `let
  file = "${folder.path}/m.nix";
  mk = _type: priority: content: { inherit _type priority content; };
  mergeDefinitions = loc: type: defs: { value = map (def: def.value) defs; };
  known = value: builtins.deepSeq value value;
  mergeModules' = prefix: modules: configs: builtins.length configs;
  option = name: type: {
    _type = "option";
    inherit type;
    loc = [ name ];
    declarations = [ file ];
    declarationPositions = [ { file = "\${name}.nix"; line = 1; column = 1; } ];
  };
  home = option "home" { description = "string"; };
  tool = derivation { name = "tool"; system = "s"; builder = "b"; };
  merged = loc: defs: (mergeDefinitions loc "type" (map (value: { inherit file value; }) defs)).value;
in {
  options = {
    plain = option "plain" { description = "string"; };
    order = option "order" { description = "list"; };
    fails = option "fails" { description = "number"; };
    missing = option "missing" { description = "number"; };
    off = option "off" { description = "number"; };
    empty = option "empty" { description = "list"; emptyValue.value = [ ]; };
    silent = option "silent" { description = "number"; } // { default = 1; };
    "we.ird" = option "we.ird" { description = "number"; } // {
      apply = value: value + 1;
      declarations = [ "<unknown-file>" ];
      declarationPositions = [ { file = "/somewhere.nix"; line = 4; column = 2; } ];
    };
    "do.tted" = option "dotted" { description = "number"; };
    free = option "free" { description = "open"; };
    users = option "users" { description = "users"; getSubOptions = prefix: { inherit home; }; };
  };
  config = {
    plain = builtins.head (merged [ "plain" ] [ "literal" ]);
    order = builtins.length (merged [ "order" ] [ (mk "order" 500 [ (1 + 1) tool (throw "no") ]) (mk "override" 50 [ ]) ]);
    fails = builtins.seq (builtins.length (merged [ "fails" ] [ 1 2 ])) (throw "in conflict");
    users.a.home = builtins.head (merged [ "users" "a" "home" ] [ "/a" ]);
    users.b = { };
    missing = throw "has no value defined";
    off = builtins.seq (builtins.length (merged [ "off" ] [ { _type = "if"; condition = false; content = 1; } ])) (throw "has no value defined");
    empty = [ ];
    silent = 1;
    "we.ird" = builtins.seq (mergeModules' [ ] [ ] [ { file = "<unknown-file>"; config = { other = 1; }; } ])
      builtins.seq (mergeModules' [ ] [ ] [ { file = "<unknown-file>"; config = {
        "we.ird" = 1;
      }; } ])
      builtins.head (mergeDefinitions [ "we.ird" ] "type" [
        { file = "<unknown-file>"; value = mk "override" 1500 0; }
        { file = "<unknown-file>"; value = 1; }
      ]).value;
    "do.tted" = builtins.seq (mergeModules' [ ] [ ] [ { file = toString ./modules.nix; config = {
        "do.tted" = 7;
      }; } ])
      builtins.head (mergeDefinitions [ "do.tted" ] "type" [ { file = toString ./modules.nix; value = 7; } ]).value;
    free = builtins.seq (builtins.length (merged [ "free" ] [ (known { a = mk "override" 50 1; b = { c = mk "order" 300 (mk "override" 77 2); }; }) ])) {
      a = builtins.seq (builtins.length (mergeDefinitions [ "free" "a" ] { description = "part"; } [ { inherit file; value = mk "override" 50 1; } ]).value) 1;
    };
  };
}`,
  );
  const explained = (...paths: string[]) => {
    const { code, out, err } = nivis(["explain", system, ...paths]);
    return { code, out: out.replaceAll(folder.path, "DIR"), err };
  };

  test("a literal has the place of its name, and a declaration that of its module", () => {
    expect(explained("config.plain").out).toBe(`config.plain = "literal"
  option plain: string
    declared in DIR/m.nix
    "literal"  (priority 100: counts)
      in DIR/m.nix:2:3
`);
  });

  test("orders are shown, and elements of lists are evaluated", () => {
    expect(explained("config.order").out).toContain(`
    [ ]  (priority 50: counts)
      in DIR/m.nix:3:3
    [ 2 «derivation tool» (fails) ]  (priority 100, order 500: does not count, another has a higher priority)
`);
  });

  test("an option of a submodule is explained itself", () => {
    expect(explained("config.users.a.home").out).toBe(`config.users.a.home = "/a"
  option users.a.home: string
    declared in DIR/m.nix
    "/a"  (priority 100: counts)
      in DIR/m.nix:4:3
`);
    expect(explained("config.users.b").out).toContain("  option users: users\n");
  });

  test("an option without definitions has a default only if it is declared with one", () => {
    const { code, out } = explained(
      ...["missing", "off", "empty", "silent"].map((name) => `config.${name}`),
    );
    expect(code).toBe(1);
    const [missing, off, empty, silent] = out.split("\n\n");
    expect(missing).toContain("    not defined, and it has no default");
    expect(missing).not.toContain("merges");
    expect(off).toContain("    no definition counts, and it has no default");
    expect(empty).toContain(
      "    not defined, and it has no default: its type merges no definitions to [ ]",
    );
    expect(silent).toContain("    not defined: it has its default");
  });

  test("a module without a file has the position of its attribute", () => {
    const { code, out, err } = explained('config."we.ird"');
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const line = readFileSync(system, "utf8").split("\n").indexOf('        "we.ird" = 1;') + 1;
    const apply =
      readFileSync(system, "utf8").split("\n").indexOf("      apply = value: value + 1;") + 1;
    // Of a name with a dot, the binding in the file is not found by its name.
    const dotted = readFileSync(system, "utf8").split("\n").indexOf('        "do.tted" = 7;') + 1;
    expect(explained('config."do.tted"').out).toContain(`      in DIR/modules.nix:${dotted}:9\n`);
    const at = "in <unknown-file>";
    expect(out.split("\n").slice(1).join("\n")).toBe(`  option "we.ird": number
    declared in <unknown-file>, at /somewhere.nix:4:2
    apply changes the merged value: DIR/modules.nix:${apply}:7
    1  (priority 100: counts)
      ${at}, at DIR/modules.nix:${line}:9
    0  (priority 1500: does not count, another has a higher priority)
      ${at}
`);
  });

  test("properties in values are shown as they are written, and attributes by themselves", () => {
    expect(explained("config.free").out).toContain(
      "    { a = mkForce 1; b = { c = mkOrder 300 (mkOverride 77 2); }; }  (priority 100: counts)\n",
    );
    expect(explained("config.free.a").out).toBe(`config.free.a = 1
  free.a, in the value of option free: part
    declared in DIR/m.nix
    1  (priority 50: counts)
      in DIR/m.nix
`);
  });

  test("definitions are shown even if their value fails, and other paths, too", () => {
    const { code, out, err } = explained("config.fails", "config.nothing", "config.plain");
    expect(code).toBe(1);
    expect(out).toMatch(/^config\.fails = \(fails\)\n {2}option fails: number\n/);
    expect(out).toContain("    1  (priority 100: counts)");
    expect(out).toContain("    2  (priority 100: counts)");
    expect(out).toContain("config.plain = ");
    expect(err).toContain("in conflict");
  });
});
