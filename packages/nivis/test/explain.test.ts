/** `nivis explain`: positions, options with their definitions, overlays. */
import { writeFileSync } from "node:fs";
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
