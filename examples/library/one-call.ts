/** A value in one call. */
import { evaluate, nix } from "nivis";

console.log(evaluate("1 + 1")); // 2
console.log(evaluate(nix`map (name: "Hello, \${name}") ${["Ada", 'Bob "the Nix"']}`)); // [ 'Hello, Ada', 'Hello, Bob "the Nix"' ]
console.log(evaluate("{ n }: { answer = 6 * n; }", { args: { n: 7 }, attr: "answer" })); // 42
