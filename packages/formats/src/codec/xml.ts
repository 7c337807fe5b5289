/**
 * XML as `toXML` and `nix-instantiate --xml` write it: two blanks per level, attributes sorted
 * by name, and five escapes in attribute values. Elements hold elements only.
 */

/** Attributes by name; values are byte strings. */
export type XmlAttributes = Readonly<Record<string, string>> | ReadonlyMap<string, string>;

const escapes: Readonly<Record<string, string>> = {
  '"': "&quot;",
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  // A plain newline in an attribute would be read as a blank (XML 1.0, section 3.3.3).
  "\n": "&#xA;",
};

/** `value` as it stands between the quotes of an attribute. */
export function escapeXmlAttribute(value: string): string {
  return /["<>&\n]/.test(value) ? value.replace(/["<>&\n]/g, (c) => escapes[c] as string) : value;
}

function formatAttributes(attributes: XmlAttributes): string {
  const pairs: [string, string][] =
    attributes instanceof Map
      ? [...attributes]
      : Object.entries(attributes as Record<string, string>);
  if (pairs.length > 1) pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return pairs.map(([name, value]) => ` ${name}="${escapeXmlAttribute(value)}"`).join("");
}

/** Collects an XML document. Elements are opened and closed in turn; the caller keeps the balance. */
export class XmlWriter {
  readonly #parts: string[] = ["<?xml version='1.0' encoding='utf-8'?>\n"];
  readonly #open: string[] = [];

  /** Opens an element that has content. */
  openElement(name: string, attributes: XmlAttributes = {}): void {
    this.#parts.push(`${this.#indentation()}<${name}${formatAttributes(attributes)}>\n`);
    this.#open.push(name);
  }

  /** Closes the innermost open element. */
  closeElement(): void {
    const name = this.#open.pop();
    if (name !== undefined) this.#parts.push(`${this.#indentation()}</${name}>\n`);
  }

  /** Writes an element without content. */
  emptyElement(name: string, attributes: XmlAttributes = {}): void {
    this.#parts.push(`${this.#indentation()}<${name}${formatAttributes(attributes)} />\n`);
  }

  #indentation(): string {
    return "  ".repeat(this.#open.length);
  }

  /** Closes whatever is open and returns the document. */
  finish(): string {
    while (this.#open.length > 0) this.closeElement();
    return this.#parts.join("");
  }
}
