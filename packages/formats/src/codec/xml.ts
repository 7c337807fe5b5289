/**
 * XML as `toXML` and `nix-instantiate --xml` write it: two blanks per level, attributes sorted
 * by name, and five escapes in attribute values. Elements hold elements only.
 */
import { TextBuilder } from "./text-builder.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  '"': "&quot;",
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  // XML readers turn a literal newline in an attribute into a space (XML 1.0, section 3.3.3).
  "\n": "&#xA;",
};

/** Escapes `value` for use between the quotes of an attribute. */
export function escapeXmlAttribute(value: string): string {
  return /["<>&\n]/.test(value) ? value.replace(/["<>&\n]/g, (c) => ESCAPES[c] as string) : value;
}

/** An attribute with a leading space. Elements take attributes in the order of their names. */
export function formatXmlAttribute(name: string, value: string): string {
  return ` ${name}="${escapeXmlAttribute(value)}"`;
}

/** The number of indentations that are cached; deeper ones are rare and long. */
const MAX_KEPT_INDENTS = 64;

/** Writes an XML document. The caller must balance `openElement` and `closeElement`. */
export class XmlWriter {
  readonly #out = new TextBuilder();
  readonly #open: string[] = [];
  /** The indentation of an element, by its depth. */
  readonly #indents: string[] = [""];
  #indent = "";
  #length = 0;

  constructor() {
    this.#out.add("<?xml version='1.0' encoding='utf-8'?>\n");
  }

  /** How much has been written, in bytes, without the declaration. */
  get length(): number {
    return this.#length;
  }

  /** Opens an element with content; `attributes` is text made by {@link formatXmlAttribute}. */
  openElement(name: string, attributes = ""): void {
    this.#tag(name, attributes, ">\n");
    this.#open.push(name);
    const depth = this.#open.length;
    if (depth === this.#indents.length && depth < MAX_KEPT_INDENTS) {
      this.#indents.push("  ".repeat(depth));
    }
    this.#indent = this.#indents[depth] ?? "  ".repeat(depth);
  }

  /** Closes the innermost open element. */
  closeElement(): void {
    const name = this.#open.pop();
    if (name === undefined) return;
    const out = this.#out;
    const depth = this.#open.length;
    this.#indent = this.#indents[depth] ?? "  ".repeat(depth);
    out.add(this.#indent);
    this.#length += this.#indent.length + name.length + 4;
    out.add("</");
    out.add(name);
    out.add(">\n");
  }

  /** Writes an element without content. */
  emptyElement(name: string, attributes = ""): void {
    this.#tag(name, attributes, " />\n");
  }

  #tag(name: string, attributes: string, end: string): void {
    const out = this.#out;
    this.#length += this.#indent.length + name.length + attributes.length + end.length + 1;
    out.add(this.#indent);
    out.add("<");
    out.add(name);
    if (attributes !== "") out.add(attributes);
    out.add(end);
  }

  /** Closes all open elements and returns the document. */
  finish(): string {
    while (this.#open.length > 0) this.closeElement();
    return this.#out.toString();
  }
}
