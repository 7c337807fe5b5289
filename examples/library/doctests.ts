/** Documentation whose examples are tested, each in a session of its own. */
import { createNix, NixError } from "nivis";

const page = `
builtins.map (x: x + 1) [ 1 2 ]
# => [ 2 3 ]

{ a = 1; }.b
# => error: attribute 'b' missing
`;

for (const example of page.matchAll(/^(.*)\n# => (.*)$/gm)) {
  const [, code = "", expected = ""] = example;
  const session = createNix({ files: {} });
  let printed: string;
  try {
    printed = session.open(code).force().print();
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    printed = `error: ${error.message}`;
  }
  console.log(printed === expected ? "ok" : `expected ${expected}, got ${printed}`);
}
// ok
// ok
