/**
 * Completion and hovers: names in scope, attributes of sets that are written in the text, builtins with
 * their documentation. Nothing is evaluated.
 */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  type AttrSet,
  type Expr,
  GLOBAL_NAMES,
  NodeKind,
  parse,
  SourceFile,
  walk,
} from "@nivis/syntax";
import { h, withCode } from "../page/dom.ts";
import { Offsets } from "../text/offsets.ts";
import type { BuiltinInfo } from "../worker/protocol.ts";

const KEYWORDS = ["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"];

/** A name in scope. */
export interface KnownName {
  readonly name: string;
  /** What it is, for people. */
  readonly detail: string;
  /** The expression that it is bound to, if that is written in the text. */
  readonly value: Expr | undefined;
  /** Where its name is written; UTF-16. */
  readonly from: number;
}

/** Returns the names that are in scope at an offset, the innermost last. */
export function namesAt(text: string, offset: number): readonly KnownName[] {
  const source = new SourceFile({ kind: "string" }, encodeUtf8(text));
  const { expr } = parse(source, { basePath: "/", home: "/", features: { pipeOperators: true } });
  const offsets = new Offsets(text);
  const at = offsets.toBytes(offset);
  const names: KnownName[] = [];
  const add = (name: string, detail: string, value: Expr | undefined, pos: number): void => {
    names.push({ name: decodeUtf8(name), detail, value, from: offsets.toUnits(Math.max(0, pos)) });
  };
  walk(expr, (one) => {
    if (at < one.start || at > one.end) return false;
    switch (one.kind) {
      case NodeKind.Let:
        for (const { name, value, pos } of one.attrs.bindings) add(name, "let", value, pos);
        break;
      case NodeKind.AttrSet:
        if (!one.recursive) break;
        for (const { name, value, pos } of one.bindings) add(name, "attribute", value, pos);
        break;
      case NodeKind.Lambda:
        if (one.param !== undefined) add(one.param, "argument", undefined, one.paramPos);
        for (const { name, pos } of one.formals?.formals ?? []) {
          add(name, "argument", undefined, pos);
        }
        break;
      default:
        break;
    }
    return true;
  });
  return names;
}

function attributesOf(value: Expr | undefined): readonly string[] {
  if (value?.kind !== NodeKind.AttrSet) return [];
  return (value as AttrSet).bindings.map(({ name }) => decodeUtf8(name));
}

/** Returns the function that completes names; `builtins` are those of the worker. */
export function completeNames(builtins: () => readonly BuiltinInfo[]) {
  return (context: CompletionContext): CompletionResult | null => {
    const chain = context.matchBefore(/[A-Za-z_][\w'-]*(?:\.[A-Za-z_][\w'-]*)*\.?[\w'-]*$/);
    if (chain === null) return null;
    if (chain.text === "" && !context.explicit) return null;
    const text = context.state.doc.toString();
    const dot = chain.text.lastIndexOf(".");
    if (dot < 0) {
      return {
        from: chain.from,
        options: nameOptions(text, context.pos, builtins()),
        validFor: /^[\w'-]*$/,
      };
    }
    const options = attributeOptions(text, context.pos, chain.text.slice(0, dot), builtins());
    return options.length === 0
      ? null
      : { from: chain.from + dot + 1, options, validFor: /^[\w'-]*$/ };
  };
}

function nameOptions(text: string, pos: number, builtins: readonly BuiltinInfo[]): Completion[] {
  const documented = new Map(builtins.map((one) => [one.name, one]));
  const inScope = namesAt(text, pos).map(({ name, detail }) => ({
    label: name,
    detail,
    type: "variable",
    boost: 2,
  }));
  const globals = Array.from(GLOBAL_NAMES, (name) => ({
    label: name,
    type: "function",
    ...infoOf(documented.get(name)),
  }));
  const keywords = KEYWORDS.map((label) => ({ label, type: "keyword" }));
  const seen = new Set<string>();
  return [...inScope.reverse(), ...globals, ...keywords].filter(
    ({ label }) => !label.startsWith("__") && !seen.has(label) && seen.add(label),
  );
}

function attributeOptions(
  text: string,
  pos: number,
  path: string,
  builtins: readonly BuiltinInfo[],
): Completion[] {
  if (path === "builtins") {
    return builtins.map((one) => ({
      label: one.name,
      type: one.args.length > 0 ? "function" : "constant",
      ...infoOf(one),
    }));
  }
  const [first, ...rest] = path.split(".");
  let value = namesAt(text, pos).findLast(({ name }) => name === first)?.value;
  for (const name of rest) {
    if (value?.kind !== NodeKind.AttrSet) return [];
    value = (value as AttrSet).bindings.find((one) => decodeUtf8(one.name) === name)?.value;
  }
  return attributesOf(value).map((label) => ({ label, type: "property" }));
}

function infoOf(builtin: BuiltinInfo | undefined): Partial<Completion> {
  if (builtin === undefined) return {};
  return {
    detail: builtin.args.join(" "),
    ...(builtin.doc === "" ? {} : { info: () => documentation(builtin) }),
  };
}

function documentation({ name, args, doc }: BuiltinInfo): HTMLElement {
  return h(
    "div",
    { class: "documentation" },
    h("p", {}, h("strong", {}, name), ` ${args.join(" ")}`),
    ...doc
      .trim()
      .split(/\n\s*\n/)
      .map((paragraph) =>
        /^\s*```|^ {4}/.test(paragraph)
          ? h("pre", {}, paragraph.replace(/^\s*```.*\n?|\n?\s*```\s*$/g, ""))
          : h("p", {}, ...withCode(paragraph.replace(/\s+/g, " "))),
      ),
  );
}

/** Returns the extension that says what the name below the pointer is. */
export function hovers(builtins: () => readonly BuiltinInfo[]): Extension {
  return hoverTooltip((view, pos) => {
    const line = view.state.doc.lineAt(pos);
    const word = /[A-Za-z_][\w'-]*/g;
    for (let match = word.exec(line.text); match !== null; match = word.exec(line.text)) {
      const from = line.from + match.index;
      const to = from + match[0].length;
      if (pos < from || pos > to) continue;
      const dom = describe(view.state.doc.toString(), match[0], from, builtins());
      return dom === undefined
        ? null
        : { pos: from, end: to, above: true, create: () => ({ dom }) };
    }
    return null;
  });
}

function describe(
  text: string,
  name: string,
  from: number,
  builtins: readonly BuiltinInfo[],
): HTMLElement | undefined {
  const isAttribute = text[from - 1] === ".";
  if (!isAttribute) {
    const known = namesAt(text, from).findLast((one) => one.name === name);
    if (known !== undefined) {
      const line = text.slice(0, known.from).split("\n").length;
      return h("div", { class: "documentation" }, h("p", {}, `${known.detail}, line ${line}`));
    }
  }
  const isBuiltin = isAttribute
    ? text.slice(0, from).endsWith("builtins.")
    : GLOBAL_NAMES.has(name);
  const builtin = isBuiltin ? builtins.find((one) => one.name === name) : undefined;
  return builtin === undefined ? undefined : documentation(builtin);
}
