/**
 * The tagged template `nix`: Nix text with values in it. A value is bound to a name that the text
 * refers to and is never pasted into the text, so it can be of any type and needs no quoting.
 */
import { encodeUtf8 } from "@nivis/formats";
import { NodeKind, parse, SourceFile, walk } from "@nivis/syntax";
import type { NixInput } from "./data.ts";

/** A Nix text and the values of the names that it uses. */
export class NixSource {
  constructor(
    /** The text, as an ordinary string. */
    readonly text: string,
    /** The values by name. */
    readonly bindings: ReadonlyMap<string, NixInput>,
  ) {}
}

/** A piece of text that a template takes as it is; made by {@link rawNix}. */
export class RawNix {
  constructor(readonly text: string) {}
}

/** Returns a text that the template pastes instead of binding it as a string. */
export function rawNix(text: string): RawNix {
  return new RawNix(text);
}

/**
 * Returns a Nix text with values: ``nix`map (x: x * 2) ${[1, 2]}` ``. Each value is converted as
 * {@link NixInput} says and stands where an expression may stand; another template is the value of
 * its text, which does not see the names around it. {@link rawNix} pastes text.
 *
 * Escapes are Nix's, not JavaScript's, except that `\${` is `${` of Nix and `` \` `` is a backtick.
 * Throws a `TypeError` for a value inside of a Nix string or comment: there it is written
 * `\${${value}}`.
 */
export function nix(
  strings: TemplateStringsArray,
  ...values: readonly (NixInput | RawNix)[]
): NixSource {
  const pieces = strings.raw.map((piece) => piece.replace(/\\(\$\{|`)/g, "$1"));
  const prefix = freePrefix(pieces.join(""));
  const bindings = new Map<string, NixInput>();
  let text = pieces[0] as string;
  values.forEach((value, i) => {
    if (value instanceof RawNix) {
      text += value.text;
    } else {
      const name = `${prefix}${i}`;
      bindings.set(name, value);
      const before = /[\w'-]$/.test(text) ? " " : "";
      const after = /^[\w'-]/.test(pieces[i + 1] as string) ? " " : "";
      text += before + name + after;
    }
    text += pieces[i + 1] as string;
  });
  checkUse(text, bindings);
  return new NixSource(text, bindings);
}

/** A prefix of names that do not occur in a text. */
function freePrefix(text: string): string {
  for (let i = 0; ; i++) {
    const prefix = i === 0 ? "__value" : `__value${i}_`;
    if (!text.includes(prefix)) return prefix;
  }
}

/** Throws a `TypeError` if a bound name is not a variable of the text. */
function checkUse(text: string, bindings: ReadonlyMap<string, NixInput>): void {
  const missing = new Set(bindings.keys());
  if (missing.size === 0) return;
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  const features = { pipeOperators: true };
  const { expr, firstError } = parse(source, { basePath: "/", home: "/", features });
  // The evaluation reports what is wrong with the text.
  if (firstError !== undefined) return;
  walk(expr, (node) => {
    if (node.kind === NodeKind.Var) missing.delete(node.name);
    return true;
  });
  for (const name of missing) {
    const number = [...bindings.keys()].indexOf(name) + 1;
    throw new TypeError(
      `value ${number} of the template is not where an expression may stand, such as in a string; write it \\\${\${value}} there`,
    );
  }
}
