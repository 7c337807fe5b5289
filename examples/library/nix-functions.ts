/** Functions of Nix as functions of JavaScript. */
import { createNix } from "nivis";

const session = createNix();
const slug = session.open('s: builtins.replaceStrings [ " " ] [ "-" ] s').toFunction();
console.log(["a b", "c"].map((title) => slug(title))); // [ 'a-b', 'c' ]

const { add, scale } = session.evaluate("{ add = a: b: a + b; scale = f: map f [ 1 2 3 ]; }", {
  plain: { functions: "function" },
}) as Record<string, (...args: unknown[]) => unknown>;
console.log(add?.(2, 3)); // 5
console.log(scale?.((x: number) => x * 10)); // [ 10, 20, 30 ]
