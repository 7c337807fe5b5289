/** Elements in one call: the page has no framework. */

/** What an element gets: attributes, or listeners under `on…`. `undefined` and `false` set nothing. */
export type Attributes = Readonly<
  Record<string, string | number | boolean | undefined | ((event: never) => void)>
>;

/** Makes an element. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(key.slice(2), value as (event: Event) => void);
    } else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Turns text with `code` in backquotes into nodes. */
export function withCode(text: string): (Node | string)[] {
  return text
    .split(/(`[^`]+`)/)
    .map((part) => (part.startsWith("`") ? h("code", {}, part.slice(1, -1)) : part));
}
