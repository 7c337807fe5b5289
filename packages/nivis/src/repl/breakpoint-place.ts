/** The places of breakpoints as users write them: `FILE:LINE`, `FILE:LINE:COLUMN` or the name of a function. */

import type { BreakpointPlace, Debugger } from "@nivis/debugger";
import { EvalError } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { marked } from "@nivis/formats";
import type { Session } from "../session.ts";

/** The place that an argument of `:break` or `--break` names. */
export function breakpointPlace(session: Session, debug: Debugger, text: Bytes): BreakpointPlace {
  const match = /^(.+?):(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) {
    if (!/^[a-zA-Z_][\w.'-]*$/.test(text)) {
      throw new EvalError(
        "value",
        marked`'${text}' is neither FILE:LINE nor the name of a function`,
      );
    }
    return { kind: "function", name: text };
  }
  const [, name = "", line, column] = match;
  if (Number(line) === 0 || Number(column ?? 1) === 0) {
    throw new EvalError("value", marked`'${text}': lines and columns begin at 1`);
  }
  return {
    kind: "line",
    path: pathOf(session, debug, name),
    line: Number(line),
    column: column === undefined ? undefined : Number(column),
  };
}

/** A file by its path, or a loaded one by the end of its path if there is only one. */
function pathOf(session: Session, debug: Debugger, name: Bytes): Bytes {
  const absolute = session.absolutePath(name);
  if (session.exists(absolute)) return absolute;
  const paths = new Set(debug.map.files.flatMap(({ path }) => (path === undefined ? [] : [path])));
  const found = [...paths].filter((path) => path === absolute || path.endsWith(`/${name}`));
  if (found.length > 1) {
    throw new EvalError(
      "value",
      marked`'${name}' may be any of ${found.length} files, such as '${found[0]}' and '${found[1]}'`,
    );
  }
  return found[0] ?? absolute;
}
