/** Commands and code lenses: evaluate, and start the evaluator again. */
import { decodeUtf8 } from "@nivis/formats";
import { type Expr, NodeKind } from "@nivis/syntax";
import type { CodeLens, CodeLensParams, ExecuteCommandParams, Range } from "vscode-languageserver";
import { elementOfSpan, expressionsAt } from "../analysis/cursor.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";

const EVALUATE = "nivis.evaluate";
const RESTART = "nivis.restartEvaluator";

/** `textDocument/codeLens` */
export const codeLensFeature: Feature = {
  method: "textDocument/codeLens",
  title: "Code lenses",
  does: "“evaluate” above the file and the attributes of its set; off unless `nivis.codeLens.enable`",
  peers: { nil: "none", nixd: "none" },
  test: "evaluation.test.ts",
  capabilities: () => ({ codeLensProvider: { resolveProvider: false } }),
  empty: [],
  run: aboutDocument((snapshot, _params: CodeLensParams, bench): CodeLens[] => {
    if (!bench.settings.codeLens.enable || !bench.evaluations.isEnabled) return [];
    const { expr } = snapshot;
    if (expr.kind !== NodeKind.AttrSet && expr.kind !== NodeKind.Let) return [];
    const lens = (range: Range, path: readonly string[]): CodeLens => ({
      range,
      command: { title: "evaluate", command: EVALUATE, arguments: [snapshot.uri, null, path] },
    });
    const start = snapshot.range({ start: 0, end: 0 });
    const lenses = [lens(start, [])];
    if (expr.kind !== NodeKind.AttrSet) return lenses;
    for (const { name, pos } of expr.bindings.slice(0, 200))
      lenses.push(lens(snapshot.range({ start: pos, end: pos }), [decodeUtf8(name)]));
    return lenses;
  }),
};

/** `workspace/executeCommand` */
export const executeCommandFeature: Feature = {
  method: "workspace/executeCommand",
  title: "Commands",
  does: "`nivis.evaluate` (a document, a range or nothing, a path of attributes), `nivis.restartEvaluator`",
  peers: { nil: "reload", nixd: "none" },
  test: "evaluation.test.ts",
  capabilities: () => ({ executeCommandProvider: { commands: [EVALUATE, RESTART] } }),
  empty: null,
  run: async (bench: Workbench, { command, arguments: args = [] }: ExecuteCommandParams, token) => {
    if (command === RESTART) {
      bench.evaluations.restart();
      return null;
    }
    if (command !== EVALUATE) return null;
    const [uri, range, path] = args as [string, Range | null, readonly string[] | undefined];
    const snapshot = typeof uri === "string" ? bench.open(uri) : undefined;
    if (snapshot === undefined) return { error: "the document is not open" };
    let expr: Expr = snapshot.expr;
    if (range !== null && range !== undefined) {
      const span = snapshot.positions.span(range);
      const element = elementOfSpan(snapshot, span);
      const found =
        element === undefined
          ? undefined
          : expressionsAt(expr, span.start).find(
              (one) => one.start === element.start && one.end === element.end,
            );
      if (found === undefined) return { error: "the selection is not an expression" };
      expr = found;
    }
    if (!bench.evaluations.isEnabled) return { error: "evaluation is turned off" };
    const query = bench.evaluations.queryOf(snapshot, expr, path ?? []);
    if (query === undefined)
      return { error: "the expression uses names whose values are not known here" };
    return bench.evaluations.evaluateNow(query, token);
  },
};
