/** The names under which the values of a text are bound, for frames that users can recognise. */
import type { Bytes } from "@nivis/formats";
import { type AttrSet, type Expr, NodeKind, printIdentifier, walk } from "@nivis/syntax";

/**
 * The name of each expression that is the value of a binding. Sets inside of sets make paths, such as
 * `meta.license`; names in functions and lists start again.
 */
export function bindingNames(root: Expr): ReadonlyMap<Expr, Bytes> {
  const names = new Map<Expr, Bytes>();
  const addSet = (set: AttrSet, prefix: Bytes): void => {
    for (const { name, value } of set.bindings) {
      if (!names.has(value)) names.set(value, prefix + printIdentifier(name));
    }
  };
  // Parents come first, so that the name of a set is known when its attributes are visited.
  walk(root, (expr) => {
    if (expr.kind === NodeKind.Let) addSet(expr.attrs, "");
    else if (expr.kind === NodeKind.AttrSet) {
      const own = names.get(expr);
      addSet(expr, own === undefined ? "" : `${own}.`);
    }
  });
  return names;
}
