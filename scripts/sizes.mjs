/**
 * The sizes of what programs put into a browser: bundled and minified by esbuild, and compressed by
 * gzip. docs/sizes.md has the table.
 *
 *     node scripts/sizes.mjs           writes the table
 *     node scripts/sizes.mjs --check   fails if a budget is exceeded
 *
 * It reads the build (`npm run build`).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root } from "./workspace.mjs";

/**
 * What is measured: a program, and the budget of its gzipped size in kilobytes.
 *
 * @type {readonly { readonly what: string; readonly program: string; readonly budget: number }[]}
 */
const PROGRAMS = [
  {
    what: "`compareVersions` of `nivis/versions`",
    program: 'export { compareVersions } from "nivis/versions";',
    budget: 1,
  },
  {
    what: "`parseStorePath` of `nivis/store-paths`",
    program: 'export { parseStorePath } from "nivis/store-paths";',
    budget: 2,
  },
  {
    what: "`parseDerivation` of `nivis/derivations`",
    program: 'export { parseDerivation } from "nivis/derivations";',
    budget: 20,
  },
  {
    what: "the parser, `parse` of `@nivis/syntax`",
    program: 'export { parse, SourceFile } from "@nivis/syntax";',
    budget: 25,
  },
  { what: "all of `nivis/syntax`", program: 'export * from "nivis/syntax";', budget: 50 },
  { what: "all of `@nivis/formats`", program: 'export * from "@nivis/formats";', budget: 75 },
  {
    what: "`lockFlake` of `@nivis/flake`",
    program: 'export { lockFlake } from "@nivis/flake";',
    budget: 50,
  },
  {
    what: "the same with `Fetcher` of `@nivis/fetch`",
    program: 'export { lockFlake } from "@nivis/flake"; export { Fetcher } from "@nivis/fetch";',
    budget: 85,
  },
  {
    what: "the library, `evaluate` of `nivis`",
    program: 'export { evaluate } from "nivis";',
    budget: 210,
  },
  {
    what: "all of `nivis` and its pure functions",
    program: ["", "/syntax", "/derivations", "/nar", "/flake-refs", "/hashes"]
      .map((path) => `export * as m${path.replace(/\W/g, "")} from "nivis${path}";`)
      .join("\n"),
    budget: 230,
  },
];

const rows = await Promise.all(
  PROGRAMS.map(async ({ what, program, budget }) => {
    const { outputFiles } = await build({
      stdin: { contents: program, resolveDir: root },
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      logLevel: "error",
      // Without tsconfig.json, whose paths lead to the sources.
      tsconfigRaw: {},
    });
    const bytes = /** @type {import("esbuild").OutputFile} */ (outputFiles[0]).contents;
    return { what, budget, minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  }),
);

const lines = rows.map(
  ({ what, minified, gzipped, budget }) =>
    `| ${what} | ${kilobytes(minified)} | ${kilobytes(gzipped)} | ${budget} |`,
);
const page = `# Sizes

What the library adds to a page, in kilobytes (1000 bytes): bundled and minified by esbuild for browsers,
and compressed by gzip. \`npm test\` fails if a budget is exceeded, and \`node scripts/sizes.mjs\` writes
this table.

| import | minified | gzip | budget of gzip |
| --- | ---: | ---: | ---: |
${lines.join("\n")}
`;
const exceeded = rows.filter(({ gzipped, budget }) => gzipped > budget * 1000);
for (const { what, gzipped, budget } of exceeded) {
  process.stderr.write(`${what}: ${kilobytes(gzipped)} kB, and the budget is ${budget} kB\n`);
}
if (!process.argv.includes("--check")) {
  writeFileSync(join(root, "docs", "sizes.md"), page);
  process.stdout.write(page);
}
process.exit(exceeded.length === 0 ? 0 : 1);

/** @param {number} bytes */
function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1);
}
