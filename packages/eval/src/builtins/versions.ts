/** Builtins on versions and package names. */
import { compareVersions, parseDrvName, splitVersion } from "@nivis/formats";
import { BYTES_PER_ITEM } from "../limits/meter.ts";
import { Attrs } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

const NAME_SHAPE = new Shape(["name", "version"], null);

/** The builtins of this file. */
export const versionBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "parseDrvName",
    args: args("s"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.parseDrvName",
      ),
    ],
    doc:
      "*s* split into a name and a version, at the first dash that is not followed by a letter.\n\n" +
      '```nix\nbuiltins.parseDrvName "nix-0.12pre12876"\n```\n\n' +
      'is `{ name = "nix"; version = "0.12pre12876"; }`.',
    run: (ctx, text: string) => {
      ctx.limits?.workOnText(text.length);
      const { name, version } = parseDrvName(text);
      return new Attrs(NAME_SHAPE, [name, version]);
    },
  }),
  plain({
    name: "compareVersions",
    args: args("s1", "s2"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.compareVersions",
      ),
      strict(
        1,
        "string-no-context",
        "while evaluating the second argument passed to builtins.compareVersions",
      ),
    ],
    doc: "Returns -1 if version *s1* is older than *s2*, 0 if they are equal, 1 if *s1* is newer.",
    run: (ctx, a: string, b: string) => {
      ctx.limits?.workOnText(a.length + b.length);
      return compareVersions(a, b);
    },
  }),
  plain({
    name: "splitVersion",
    args: args("s"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.splitVersion",
      ),
    ],
    doc:
      "The components of the version *s*, in the form in which `compareVersions` compares them.\n\n" +
      '```nix\nbuiltins.splitVersion "1.2a"\n```\n\nis `[ "1" "2" "a" ]`.',
    run: (ctx, version: string) => {
      ctx.limits?.make(version.length, BYTES_PER_ITEM);
      return splitVersion(version);
    },
  }),
];
