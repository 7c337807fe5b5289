/**
 * The shipped dispatch loop is a jump table. V8 makes one only from a `switch` whose labels are
 * integer literals in a dense range, and nothing else would reveal that a change of the
 * build (an enum that is not inlined, a label that is an expression) has turned the loop into a
 * chain of comparisons. So this test reads the bundle.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const dist = fileURLToPath(new URL("../../packages/nivis/dist", import.meta.url));

/** The function of the VM that holds the loop. */
const loopName = "runLoop";

/** All `switch` statements of the functions or methods named {@link loopName} in the bundle. */
function loopSwitches(): ts.SwitchStatement[] {
  const found: ts.SwitchStatement[] = [];
  for (const name of readdirSync(dist).filter((entry) => /^main-.*\.js$/.test(entry))) {
    const text = readFileSync(join(dist, name), "utf8");
    if (!text.includes(loopName)) continue;
    const tree = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, false, ts.ScriptKind.JS);
    const collect = (node: ts.Node): void => {
      if (ts.isSwitchStatement(node)) found.push(node);
      ts.forEachChild(node, collect);
    };
    const visit = (node: ts.Node): void => {
      if (isFunctionNamed(node, loopName)) collect(node);
      else ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found;
}

function isFunctionNamed(node: ts.Node, name: string): boolean {
  return (
    (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) &&
    node.name !== undefined &&
    (ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name)) &&
    node.name.text.replace(/^#/, "") === name
  );
}

/** The labels of a switch: numbers, or the text of a label that is not an integer literal. */
function labels(statement: ts.SwitchStatement): (number | string)[] {
  return statement.caseBlock.clauses.filter(ts.isCaseClause).map(({ expression }) => {
    if (ts.isNumericLiteral(expression)) return Number(expression.text);
    return `kind ${ts.SyntaxKind[expression.kind]}`;
  });
}

test("the dispatch loop's switch has dense integer labels", () => {
  const switches = loopSwitches();
  expect(switches.length, `no function ${loopName} with a switch in ${dist}`).toBeGreaterThan(0);
  const largest = switches
    .map(labels)
    .reduce((most, some) => (some.length > most.length ? some : most), []);
  expect(largest.length).toBeGreaterThan(30);
  expect(largest.filter((label) => !Number.isInteger(label))).toEqual([]);
  const numbers = largest as number[];
  expect(new Set(numbers).size).toBe(numbers.length);
  const spread = Math.max(...numbers) - Math.min(...numbers) + 1;
  // V8's interpreter rejects tables with three entries or more per label
  // (switch_table_spread_threshold).
  expect(spread).toBeLessThan(2 * numbers.length);
});
