/**
 * `toXML` and `--xml`: a value as XML (value-to-xml.cc), one element a line, two blanks a level.
 *
 * One generator walks the value with a stack of its own. A derivation is written out once; where it
 * is met again stands `<repeated />`.
 */
import { formatG6, XmlWriter } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { peek } from "../print/value-printer.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import { Thunk } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  isList,
  isString,
  NixFloat,
  NixPath,
  type Slot,
  textOf,
  type Value,
} from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { isDerivation } from "./is-derivation.ts";
import { checkNesting } from "./nesting.ts";

/** Elements that may be open: each indents by two more blanks, so the text grows with their square. */
const MAX_OPEN_ELEMENTS = 15_000;

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

/** An element that is open, and what of it is still to be written. */
interface OpenElement {
  /** The names if these are attributes of a set, each in an `attr` element. */
  readonly names: readonly string[] | null;
  readonly set: Attrs | null;
  readonly items: readonly Slot[];
  next: number;
  /** Of the value; the items of a list are said to stand there too. */
  readonly pos: PosIdx;
  /** How many values the items are inside of. */
  readonly level: number;
}

const EMPTY: Readonly<OpenElement> = {
  names: null,
  set: null,
  items: [],
  next: 0,
  pos: NO_POS,
  level: 0,
};

/** Converts a slot to XML. */
export function toXml(ctx: EvalContext, slot: Slot, options: XmlOptions): Suspendable<XmlText> {
  return new ValueToXml(ctx, options).write(slot);
}

class ValueToXml {
  private readonly out = new XmlWriter();
  private readonly open: OpenElement[] = [];
  /** What the item that is being written is in. */
  private container: Readonly<OpenElement> = EMPTY;
  private context: StringContext | undefined;
  /** The derivations written out, by drv path. */
  private readonly written = new Set<string>();

  constructor(
    private readonly ctx: EvalContext,
    private readonly options: XmlOptions,
  ) {}

  *write(slot: Slot): Suspendable<XmlText> {
    this.openElement("expr", {}, { ...EMPTY, items: [slot] });
    const { nesting } = this.ctx.caches;
    const outside = nesting.levels;
    try {
      for (let current = this.nextItem(); current !== undefined; current = this.nextItem()) {
        const { container } = this;
        const pos =
          container.names === null
            ? container.pos
            : (container.set as Attrs).positionOf(container.names[container.next - 1] as string);
        nesting.levels = outside + container.level;
        checkNesting(this.ctx, pos);
        if (this.open.length > MAX_OPEN_ELEMENTS) throw tooDeep(pos);
        this.ctx.limits?.work(1);
        nesting.levels++;
        let value: Value | Thunk = peek(current);
        if (this.options.strict && value instanceof Thunk) {
          value = (yield new ForceRequest(value, pos)) as Value;
        }
        if (value instanceof Attrs) {
          if ((yield isDerivation(value)) as boolean) yield this.openDerivation(value);
          else this.openSet("attrs", {}, value);
        } else if (isList(value)) {
          this.openElement(
            "list",
            {},
            {
              ...EMPTY,
              items: value,
              pos,
              level: container.level + 1,
            },
          );
        } else if (value instanceof Closure) {
          this.writeFunction(value);
        } else {
          this.writeLeaf(value);
        }
      }
    } finally {
      nesting.levels = outside;
    }
    return { text: this.out.finish(), context: this.context };
  }

  private writeLeaf(value: Value | Thunk): void {
    switch (typeof value) {
      case "number":
      case "bigint":
        this.out.emptyElement("int", { value: value.toString() });
        return;
      case "boolean":
        this.out.emptyElement("bool", { value: String(value) });
        return;
      case "string":
        this.out.emptyElement("string", { value: value });
        return;
      default:
        if (value === null) this.out.emptyElement("null");
        else if (value instanceof ContextString) {
          this.context = unionContext(this.context, value.context);
          this.out.emptyElement("string", { value: value.text });
        } else if (value instanceof NixPath) this.out.emptyElement("path", { value: value.path });
        else if (value instanceof NixFloat) {
          this.out.emptyElement("float", { value: formatG6(value.value) });
        } else this.out.emptyElement("unevaluated");
    }
  }

  private *openDerivation(set: Attrs): Suspendable<undefined> {
    const drvPath = (yield this.stringAttribute(set, "drvPath")) as string | undefined;
    const outPath = (yield this.stringAttribute(set, "outPath")) as string | undefined;
    const attributes: Record<string, string> = {};
    if (drvPath !== undefined) attributes["drvPath"] = drvPath;
    if (outPath !== undefined) attributes["outPath"] = outPath;
    if (drvPath !== undefined && drvPath !== "" && !this.written.has(drvPath)) {
      this.written.add(drvPath);
      this.openSet("derivation", attributes, set);
      return undefined;
    }
    this.openElement("derivation", attributes, { ...EMPTY });
    this.out.emptyElement("repeated");
    return undefined;
  }

  private *stringAttribute(set: Attrs, name: string): Suspendable<string | undefined> {
    const slot = set.get(name);
    if (slot === undefined) return undefined;
    let value: Value | Thunk = peek(slot);
    if (this.options.strict && value instanceof Thunk) {
      value = (yield new ForceRequest(value, set.positionOf(name))) as Value;
    }
    return isString(value) ? textOf(value) : undefined;
  }

  private openSet(tag: string, attributes: Record<string, string>, set: Attrs): void {
    const names = set.sortedNames();
    this.openElement(tag, attributes, {
      ...EMPTY,
      names,
      set,
      items: set.sortedSlots(),
      level: this.container.level + 1,
    });
  }

  private writeFunction(closure: Closure): void {
    const { formals, param, pos } = closure.code;
    this.out.openElement("function", this.options.location ? this.placeOf(pos) : {});
    if (formals === null) {
      this.out.emptyElement("varpat", { name: param ?? "" });
    } else {
      const attributes: Record<string, string> = {};
      if (formals.ellipsis) attributes["ellipsis"] = "1";
      if (param !== undefined) attributes["name"] = param;
      this.out.openElement("attrspat", attributes);
      for (const index of formals.sorted) {
        this.out.emptyElement("attr", { name: formals.names[index] as string });
      }
      this.out.closeElement();
    }
    this.out.closeElement();
  }

  /** Ends what is finished and announces the next item. */
  private nextItem(): Slot | undefined {
    for (;;) {
      const element = this.open.at(-1);
      if (element === undefined) return undefined;
      const { names, set, items, next } = element;
      if (next < items.length) {
        element.next = next + 1;
        this.container = element;
        if (names !== null) this.openAttribute(names[next] as string, set as Attrs);
        return items[next];
      }
      this.out.closeElement();
      this.open.pop();
    }
  }

  private openAttribute(name: string, set: Attrs): void {
    const place = this.options.location ? this.placeOf(set.positionOf(name)) : {};
    const attributes = { ...place, name };
    this.openElement("attr", attributes, { ...EMPTY });
  }

  private placeOf(pos: PosIdx): Record<string, string> {
    const position = this.ctx.positions.resolve(pos);
    if (position === undefined) return {};
    const { line, column } = position.source.lineColumn(position.offset);
    const place: Record<string, string> = { column: String(column), line: String(line) };
    const { origin } = position.source;
    if (origin.kind === "file") place["path"] = origin.path;
    // Nix: internal files have a path below a root of their own.
    if (origin.kind === "internal") place["path"] = origin.name.replace(/^[^/]*/, "");
    return place;
  }

  private openElement(tag: string, attributes: Record<string, string>, element: OpenElement): void {
    this.out.openElement(tag, attributes);
    this.open.push(element);
  }
}
