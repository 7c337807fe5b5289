/**
 * The live preview: the value of the expression that is being typed, if it is cheap. Cheap is what
 * neither reads nor writes anything and takes a few milliseconds: literals, operators, sets, lists,
 * functions, `let`, `if`, names in scope that have values, and calls of pure builtins.
 */
import { Attrs, isList, knownValue, type Value } from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { type Expr, NodeKind, walk } from "@nivis/syntax";
import type { Repl } from "../repl.ts";

/** How long a preview may take. */
const MILLISECONDS = 20;
/** A longer text is not previewed. */
const MAX_LENGTH = 500;

/** Builtins that only compute, by the name after `builtins.` */
const PURE = new Set(
  "add all any attrNames attrValues bitAnd bitOr bitXor catAttrs ceil compareVersions concatLists concatMap concatStringsSep div elem elemAt filter floor foldl' fromJSON functionArgs getAttr groupBy hasAttr hashString head intersectAttrs isAttrs isBool isFloat isFunction isInt isList isNull isPath isString length lessThan listToAttrs map mapAttrs match mul parseDrvName partition removeAttrs replaceStrings sort split splitVersion stringLength sub substring tail toJSON toString typeOf zipAttrsWith baseNameOf".split(
    " ",
  ),
);

/** Returns the value of a text, printed on one line; `undefined` if there is nothing to show. */
export async function preview(repl: Repl, text: string): Promise<string | undefined> {
  if (text.length > MAX_LENGTH || text.trim() === "" || text.startsWith(":")) return undefined;
  const bytes = encodeUtf8(text);
  try {
    const expr = repl.parse(bytes);
    if (isTrivial(expr) || !isCheap(repl, expr)) return undefined;
    const value = await repl.quietly(bytes, MILLISECONDS);
    return isTooLarge(value)
      ? undefined
      : decodeUtf8(await repl.formatShortly(value, MILLISECONDS));
  } catch {
    return undefined;
  }
}

/** Whether a text is its own value. */
function isTrivial(expr: Expr): boolean {
  return [NodeKind.Int, NodeKind.Float, NodeKind.String, NodeKind.Path, NodeKind.Lambda].includes(
    expr.kind,
  );
}

function isTooLarge(value: Value): boolean {
  return (isList(value) && value.length > 100) || (value instanceof Attrs && value.size() > 100);
}

/** Whether evaluating a tree can only compute. */
function isCheap(repl: Repl, root: Expr): boolean {
  let cheap = true;
  const bound = new Set<Bytes>();
  walk(root, (expr) => {
    if (expr.kind === NodeKind.Lambda) {
      if (expr.param !== undefined) bound.add(expr.param);
      for (const formal of expr.formals?.formals ?? []) bound.add(formal.name);
    } else if (expr.kind === NodeKind.Let) {
      for (const { name } of expr.attrs.bindings) bound.add(name);
    } else if (expr.kind === NodeKind.AttrSet && expr.recursive) {
      for (const { name } of expr.bindings) bound.add(name);
    }
  });
  walk(root, (expr) => {
    if (!cheap) return false;
    switch (expr.kind) {
      case NodeKind.SearchPath:
      case NodeKind.Path:
      case NodeKind.PathTemplate:
      case NodeKind.With:
        cheap = false;
        break;
      case NodeKind.Var:
        if (!bound.has(expr.name)) cheap = isCheapName(repl, expr.name);
        break;
      case NodeKind.Select:
        if (expr.base.kind === NodeKind.Var && expr.base.name === "builtins") {
          const name = expr.path[0]?.name;
          cheap = expr.path.length === 1 && name !== undefined && PURE.has(name);
          return false;
        }
        break;
      default:
        break;
    }
    return cheap;
  });
  return cheap;
}

function isCheapName(repl: Repl, name: Bytes): boolean {
  const slot = repl.scope.get(name);
  if (slot !== undefined) {
    const value = knownValue(slot);
    return value !== undefined && (typeof value !== "object" || value === null);
  }
  return name === "true" || name === "false" || name === "null" || PURE.has(name);
}
