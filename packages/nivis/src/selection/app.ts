/** Apps: the program that a derivation or a set `{ type = "app"; … }` stands for. */
import {
  Attrs,
  EvalError,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  type Value,
} from "@nivis/eval";
import { type DerivedPath, isInStore, marked } from "@nivis/formats";
import type { Session } from "../session.ts";
import { textAttribute, textPath } from "./wanted-paths.ts";

/** What is run: the program below the store, and what must be built for it. */
export interface App {
  readonly program: string;
  readonly wanted: readonly DerivedPath[];
  /** The program's name below `bin` of what is built; absent if `program` is whole. */
  readonly name?: string;
}

/** The app that a value stands for. */
export function* appOf(session: Session, slot: Slot): Suspendable<App> {
  const { context } = session.evaluation;
  const value = (slot instanceof Thunk ? yield slot : slot) as Value;
  const type =
    value instanceof Attrs
      ? ((yield textAttribute(value, "type")) as string | undefined)
      : undefined;
  if (!(value instanceof Attrs) || type === undefined) {
    throw new EvalError("value", "attribute 'type' does not exist");
  }
  if (type === "app") {
    const program = value.get("program");
    if (program === undefined) throw new EvalError("value", "the app has no attribute 'program'");
    const { text, wanted } = (yield textPath(context, program)) as {
      text: string;
      wanted: DerivedPath;
    };
    if (!isInStore(text, session.store.storeDir)) {
      throw new EvalError("value", marked`app program '${text}' is not in the Nix store`);
    }
    return { program: text, wanted: [wanted] };
  }
  if (type !== "derivation") {
    throw new EvalError("value", "attribute 'type' is neither 'app' nor 'derivation'");
  }
  const { wanted } = (yield textPath(context, value)) as { text: string; wanted: DerivedPath };
  const meta = value.get("meta");
  const metaSet = (meta instanceof Thunk ? yield meta : meta) as Value | undefined;
  const mainProgram =
    metaSet instanceof Attrs
      ? ((yield textAttribute(metaSet, "mainProgram")) as string | undefined)
      : undefined;
  const pname = (yield textAttribute(value, "pname")) as string | undefined;
  const name = (yield textAttribute(value, "name")) as string | undefined;
  // Nix: the version begins at the first dash that no letter follows.
  const own = mainProgram ?? pname ?? textOf(name ?? "").replace(/-[^a-zA-Z].*$/, "");
  return { program: "", wanted: [wanted], name: own };
}
