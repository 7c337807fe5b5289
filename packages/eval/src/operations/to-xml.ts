/**
 * `toXML` and `--xml`: a value as XML (value-to-xml.cc), one element per line, indented by two
 * blanks per level.
 *
 * One generator walks the value with a stack of its own. A derivation is written once; further
 * occurrences are `<repeated />`.
 */
import { formatG6, formatXmlAttribute, marked, XmlWriter } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { peek, printPath } from "../print/value-printer.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import { Thunk } from "../value/thunk.ts";
import {
  Closure,
  ContextString,
  isList,
  isString,
  NixFloat,
  type NixList,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { isDerivation } from "./is-derivation.ts";
import { CycleFinder, checkNesting, hasRoom } from "./nesting.ts";

/**
 * The maximum number of open elements: each adds two blanks per line, so the text grows
 * quadratically.
 */
const MAX_OPEN_ELEMENTS = 15_000;

/** The options of the conversion to XML. */
export interface XmlOptions {
  /** Whether thunks are forced; otherwise a thunk is `<unevaluated />`. */
  readonly strict: boolean;
  /** Whether the positions of attributes and functions are written. */
  readonly location: boolean;
  /**
   * Receives the text so far, with all elements closed, when the conversion fails. Defaults to
   * nothing. Nix: the text is printed while it is created.
   */
  readonly onFailure?: (text: string) => void;
}

/** XML text, with a newline at its end, and its context. */
export interface XmlText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** An open element, and its items that are still to be written. */
interface OpenElement {
  /** The names if these are attributes of a set, each in an `attr` element. */
  readonly names: readonly string[] | null;
  readonly set: Attrs | null;
  readonly items: readonly Slot[];
  next: number;
  /** The position of the value, which is also that of a list's items. */
  readonly pos: PosIdx;
  /** The number of values around the items. */
  readonly level: number;
}

/** An element without any items left to write. */
const NOTHING_LEFT: OpenElement = {
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
  /** The container of the current item. */
  private container: OpenElement = NOTHING_LEFT;
  private context: StringContext | undefined;
  /** The names of attributes in XML. */
  private readonly names = new Map<string, string>();
  /** The derivations that have been written, by drv path. */
  private readonly written = new Set<string>();
  private readonly cycles: CycleFinder;
  /** The length of the text that is counted as work. */
  private counted = 0;

  constructor(
    private readonly ctx: EvalContext,
    private readonly options: XmlOptions,
  ) {
    this.cycles = new CycleFinder(ctx);
  }

  /** Counts a value and the text since the last one, whose indentation grows with the depth. */
  private countWork(): void {
    const { limits } = this.ctx;
    if (limits === undefined) return;
    limits.work(1);
    limits.workOnText(this.out.length - this.counted);
    this.counted = this.out.length;
  }

  *write(slot: Slot): Suspendable<XmlText> {
    this.out.openElement("expr");
    this.open.push({ names: null, set: null, items: [slot], next: 0, pos: NO_POS, level: 0 });
    const { nesting } = this.ctx;
    const outside = nesting.levels;
    try {
      for (let current = this.nextItem(); current !== undefined; current = this.nextItem()) {
        const { container } = this;
        nesting.levels = outside + container.level;
        if (!hasRoom(this.ctx, 0)) checkNesting(this.ctx, this.position());
        if (this.open.length > MAX_OPEN_ELEMENTS) throw tooDeep(this.position());
        this.countWork();
        nesting.levels++;
        let value: Value | Thunk = peek(current);
        if (this.options.strict && value instanceof Thunk) {
          value = (yield new ForceRequest(value, this.position())) as Value;
        }
        if (value instanceof Attrs) {
          if (value.has("type") && ((yield isDerivation(value)) as boolean)) {
            yield this.openDerivation(value);
          } else this.openSet("attrs", "", value);
        } else if (isList(value)) {
          const pos = this.position();
          const level = container.level + 1;
          this.checkCycle(value);
          this.out.openElement("list");
          this.open.push({ names: null, set: null, items: value, next: 0, pos, level });
        } else if (value instanceof Closure) {
          this.writeFunction(value);
        } else {
          this.writeLeaf(value);
        }
      }
    } catch (error) {
      this.options.onFailure?.(this.out.finish());
      throw error;
    } finally {
      nesting.levels = outside;
    }
    return { text: this.out.finish(), context: this.context };
  }

  /** Returns the position of the current item. */
  private position(): PosIdx {
    const { names, set, next, pos } = this.container;
    return names === null ? pos : (set as Attrs).positionOf(names[next - 1] as string);
  }

  private writeLeaf(value: Value | Thunk): void {
    switch (typeof value) {
      case "number":
      case "bigint":
        this.writeAtom("int", value.toString());
        return;
      case "boolean":
        this.writeAtom("bool", String(value));
        return;
      case "string":
        this.writeAtom("string", value);
        return;
      default:
        if (value === null) this.out.emptyElement("null");
        else if (value instanceof ContextString) {
          this.context = unionContext(this.context, value.context);
          this.writeAtom("string", value.text);
        } else if (value instanceof NixPath)
          this.writeAtom("path", printPath(value, this.ctx.positions));
        else if (value instanceof NixFloat) this.writeAtom("float", formatG6(value.value));
        else this.out.emptyElement("unevaluated");
    }
  }

  private writeAtom(tag: string, value: string): void {
    this.out.emptyElement(tag, formatXmlAttribute("value", value));
  }

  private *openDerivation(set: Attrs): Suspendable<undefined> {
    const drvPath = (yield this.stringAttribute(set, "drvPath")) as string | undefined;
    const outPath = (yield this.stringAttribute(set, "outPath")) as string | undefined;
    let attributes = "";
    if (drvPath !== undefined) attributes += formatXmlAttribute("drvPath", drvPath);
    if (outPath !== undefined) attributes += formatXmlAttribute("outPath", outPath);
    if (drvPath !== undefined && drvPath !== "" && !this.written.has(drvPath)) {
      this.written.add(drvPath);
      this.openSet("derivation", attributes, set);
      return undefined;
    }
    this.out.openElement("derivation", attributes);
    this.open.push(NOTHING_LEFT);
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

  /** Throws if a list or set to be opened contains itself. */
  private checkCycle(container: NixList | Attrs): void {
    if (!this.cycles.closesCycle(container, this.container.level)) return;
    const message = marked`cannot convert ${typeWithArticle(container)} that contains itself to XML`;
    throw new EvalError("infinite-recursion", message, this.position());
  }

  private openSet(tag: string, attributes: string, set: Attrs): void {
    this.checkCycle(set);
    this.out.openElement(tag, attributes);
    const names = set.sortedNames();
    const level = this.container.level + 1;
    this.open.push({ names, set, items: set.sortedSlots(), next: 0, pos: NO_POS, level });
  }

  private writeFunction(closure: Closure): void {
    const { formals, param, pos } = closure.code;
    this.out.openElement("function", this.options.location ? this.formatPlace(pos).join("") : "");
    if (formals === null) {
      this.out.emptyElement("varpat", formatXmlAttribute("name", param ?? ""));
    } else {
      let attributes = formals.ellipsis ? formatXmlAttribute("ellipsis", "1") : "";
      if (param !== undefined) attributes += formatXmlAttribute("name", param);
      this.out.openElement("attrspat", attributes);
      for (const index of formals.sorted) {
        this.out.emptyElement("attr", formatXmlAttribute("name", formals.names[index] as string));
      }
      this.out.closeElement();
    }
    this.out.closeElement();
  }

  /** Closes finished elements and opens the next item. */
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
    let attributes = this.names.get(name);
    if (attributes === undefined) {
      attributes = formatXmlAttribute("name", name);
      this.names.set(name, attributes);
    }
    if (this.options.location) {
      const [before, path] = this.formatPlace(set.positionOf(name));
      attributes = before + attributes + path;
    }
    this.out.openElement("attr", attributes);
    this.open.push(NOTHING_LEFT);
  }

  /** Returns the XML attributes for a position: column and line, and the path. */
  private formatPlace(pos: PosIdx): [string, string] {
    const position = this.ctx.positions.resolve(pos);
    if (position === undefined) return ["", ""];
    const { line, column } = position.source.lineColumn(position.offset);
    const { origin } = position.source;
    let path = "";
    if (origin.kind === "file" || origin.kind === "internal") {
      path = formatXmlAttribute("path", origin.path);
    }
    const place = formatXmlAttribute("column", String(column));
    return [place + formatXmlAttribute("line", String(line)), path];
  }
}
