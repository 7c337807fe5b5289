/**
 * `toXML` and `--xml`: a value as XML (value-to-xml.cc), one element a line, two blanks a level.
 *
 * One generator walks the value with a stack of its own. A derivation is written out once; where it
 * is met again stands `<repeated />`.
 */
import { formatG6 } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import type { PosIdx } from "../position.ts";
import { TextBuilder } from "../print/text-builder.ts";
import { peek } from "../print/value-printer.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import { Thunk } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  NixFloat,
  NixPath,
  type Slot,
  type Value,
  isList,
  isString,
  textOf,
} from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { isDerivation } from "./is-derivation.ts";

/** How to convert to XML. */
export interface XmlOptions {
  /** Force what is not forced yet; without it a thunk is `<unevaluated />`. */
  readonly strict: boolean;
  /** Say where attributes and functions were defined. */
  readonly location: boolean;
}

/** XML text, with a newline at its end, and what it depends on. */
export interface XmlText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** An element whose end tag is still to come. */
interface OpenElement {
  readonly tag: string;
  /** The names if these are attributes of a set, each in an `attr` element. */
  readonly names: readonly string[] | null;
  readonly set: Attrs | null;
  readonly items: readonly Slot[];
  next: number;
}

/** Attributes of an element, in bytewise order of their names. */
type XmlAttributes = readonly (readonly [name: string, value: string])[];

/** Converts a slot to XML. */
export function toXml(ctx: EvalContext, slot: Slot, options: XmlOptions): Suspendable<XmlText> {
  return new XmlWriter(ctx, options).write(slot);
}

class XmlWriter {
  private readonly out = new TextBuilder();
  private readonly open: OpenElement[] = [];
  private context: StringContext | undefined;
  /** The derivations written out, by drv path. */
  private readonly written = new Set<string>();

  constructor(
    private readonly ctx: EvalContext,
    private readonly options: XmlOptions,
  ) {}

  *write(slot: Slot): Suspendable<XmlText> {
    this.out.add("<?xml version='1.0' encoding='utf-8'?>\n");
    this.openElement("expr", [], { names: null, set: null, items: [slot], next: 0 });
    for (let current = this.nextItem(); current !== undefined; current = this.nextItem()) {
      let value: Value | Thunk = peek(current);
      if (this.options.strict && value instanceof Thunk) value = (yield value) as Value;
      if (value instanceof Attrs) {
        if ((yield isDerivation(value)) as boolean) yield this.openDerivation(value);
        else this.openSet("attrs", [], value);
      } else if (isList(value)) {
        this.openElement("list", [], { names: null, set: null, items: value, next: 0 });
      } else if (value instanceof Closure) {
        this.writeFunction(value);
      } else {
        this.writeLeaf(value);
      }
    }
    return { text: this.out.toString(), context: this.context };
  }

  private writeLeaf(value: Value | Thunk): void {
    switch (typeof value) {
      case "number":
      case "bigint":
        this.emptyElement("int", [["value", value.toString()]]);
        return;
      case "boolean":
        this.emptyElement("bool", [["value", String(value)]]);
        return;
      case "string":
        this.emptyElement("string", [["value", value]]);
        return;
      default:
        if (value === null) this.emptyElement("null", []);
        else if (value instanceof ContextString) {
          this.context = unionContext(this.context, value.context);
          this.emptyElement("string", [["value", value.text]]);
        } else if (value instanceof NixPath) this.emptyElement("path", [["value", value.path]]);
        else if (value instanceof NixFloat) {
          this.emptyElement("float", [["value", formatG6(value.value)]]);
        } else this.emptyElement("unevaluated", []);
    }
  }

  private *openDerivation(set: Attrs): Suspendable<undefined> {
    const drvPath = (yield this.stringAttribute(set, "drvPath")) as string | undefined;
    const outPath = (yield this.stringAttribute(set, "outPath")) as string | undefined;
    const attributes: [string, string][] = [];
    if (drvPath !== undefined) attributes.push(["drvPath", drvPath]);
    if (outPath !== undefined) attributes.push(["outPath", outPath]);
    if (drvPath !== undefined && drvPath !== "" && !this.written.has(drvPath)) {
      this.written.add(drvPath);
      this.openSet("derivation", attributes, set);
      return undefined;
    }
    this.openElement("derivation", attributes, { names: null, set: null, items: [], next: 0 });
    this.emptyElement("repeated", []);
    return undefined;
  }

  private *stringAttribute(set: Attrs, name: string): Suspendable<string | undefined> {
    const slot = set.get(name);
    if (slot === undefined) return undefined;
    let value: Value | Thunk = peek(slot);
    if (this.options.strict && value instanceof Thunk) value = (yield value) as Value;
    return isString(value) ? textOf(value) : undefined;
  }

  private openSet(tag: string, attributes: XmlAttributes, set: Attrs): void {
    const names = set.sortedNames();
    this.openElement(tag, attributes, { names, set, items: set.sortedSlots(), next: 0 });
  }

  private writeFunction(closure: Closure): void {
    const { formals, param, pos } = closure.code;
    const none = { names: null, set: null, items: [], next: 0 };
    this.openElement("function", this.options.location ? this.placeOf(pos) : [], none);
    if (formals === null) {
      this.emptyElement("varpat", [["name", param ?? ""]]);
    } else {
      const attributes: [string, string][] = [];
      if (formals.ellipsis) attributes.push(["ellipsis", "1"]);
      if (param !== undefined) attributes.push(["name", param]);
      this.openElement("attrspat", attributes, none);
      for (const index of formals.sorted) {
        this.emptyElement("attr", [["name", formals.names[index] as string]]);
      }
      this.closeElement();
    }
    this.closeElement();
  }

  /** Ends what is finished and announces the next item. */
  private nextItem(): Slot | undefined {
    for (;;) {
      const element = this.open.at(-1);
      if (element === undefined) return undefined;
      const { names, set, items, next } = element;
      if (next < items.length) {
        element.next = next + 1;
        if (names !== null) this.openAttribute(names[next] as string, set as Attrs);
        return items[next];
      }
      this.closeElement();
    }
  }

  private openAttribute(name: string, set: Attrs): void {
    const attributes: (readonly [string, string])[] = [["name", name]];
    if (this.options.location) attributes.push(...this.placeOf(set.positionOf(name)));
    attributes.sort((a, b) => (a[0] < b[0] ? -1 : 1));
    this.openElement("attr", attributes, { names: null, set: null, items: [], next: 0 });
  }

  private placeOf(pos: PosIdx): XmlAttributes {
    const position = this.ctx.positions.resolve(pos);
    if (position === undefined) return [];
    const { line, column } = position.source.lineColumn(position.offset);
    const place: [string, string][] = [
      ["column", String(column)],
      ["line", String(line)],
    ];
    const { origin } = position.source;
    if (origin.kind === "file") place.push(["path", origin.path]);
    // Nix: internal files have a path below a root of their own.
    if (origin.kind === "internal") place.push(["path", origin.name.replace(/^[^/]*/, "")]);
    return place;
  }

  private startTag(tag: string, attributes: XmlAttributes): string {
    let text = `${"  ".repeat(this.open.length)}<${tag}`;
    for (const [name, value] of attributes) text += ` ${name}="${escapeXml(value)}"`;
    return text;
  }

  private openElement(tag: string, attributes: XmlAttributes, content: Omit<OpenElement, "tag">): void {
    this.out.add(`${this.startTag(tag, attributes)}>\n`);
    this.open.push({ tag, ...content });
  }

  private emptyElement(tag: string, attributes: XmlAttributes): void {
    this.out.add(`${this.startTag(tag, attributes)} />\n`);
  }

  private closeElement(): void {
    const element = this.open.pop() as OpenElement;
    this.out.add(`${"  ".repeat(this.open.length)}</${element.tag}>\n`);
  }
}

const XML_ESCAPES: Readonly<Record<string, string>> = {
  '"': "&quot;",
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  "\n": "&#xA;",
};

function escapeXml(text: string): string {
  return /["<>&\n]/.test(text)
    ? text.replace(/["<>&\n]/g, (char) => XML_ESCAPES[char] as string)
    : text;
}
