/**
 * The table of error kinds: every way in which an evaluation can fail.
 *
 * The code is the stable name of the kind. The text of a message is created with the error, since
 * it is C++ Nix's. `docs/errors/` is generated from this table.
 */

/** The properties of a kind of error. */
export interface ErrorKindRow {
  /** Whether `builtins.tryEval` turns it into `success = false`. */
  readonly catchable: boolean;
  /**
   * Whether it concerns this run and not the value: a thunk that fails with it stays suspended and
   * can be forced again.
   */
  readonly passing?: true;
  /** Its meaning, in one sentence. */
  readonly doc: string;
}

/** All kinds, by code. */
export const ERROR_KINDS = {
  throw: { catchable: true, doc: "`throw` was evaluated." },
  assertion: { catchable: true, doc: "The condition of an `assert` was false." },
  "search-path": { catchable: true, doc: "A `<name>` was not found in the search path." },
  abort: { catchable: false, doc: "`abort` was evaluated." },
  parse: { catchable: false, doc: "A text is not a Nix expression." },
  "undefined-variable": {
    catchable: false,
    doc: "A name is bound neither lexically nor by a `with`.",
  },
  type: { catchable: false, doc: "A value has the wrong type for this position." },
  "missing-attribute": { catchable: false, doc: "A set has no attribute of that name." },
  "missing-argument": {
    catchable: false,
    doc: "A function was called without an argument that it requires.",
  },
  "infinite-recursion": { catchable: false, doc: "A value needs itself to be computed." },
  "stack-overflow": { catchable: false, doc: "Calls are nested deeper than the limit." },
  "limit-exceeded": {
    catchable: false,
    passing: true,
    doc: "The evaluation used more steps, memory or time than it may.",
  },
  arithmetic: {
    catchable: false,
    doc: "An integer operation overflowed, or something was divided by zero.",
  },
  value: { catchable: false, doc: "A value has the right type but is not acceptable." },
  "invalid-path": {
    catchable: false,
    doc: "A store path is not valid, or a path is not a store path.",
  },
  io: { catchable: false, doc: "A file cannot be read." },
  fetch: { catchable: false, doc: "A source cannot be fetched." },
  "hash-mismatch": {
    catchable: false,
    doc: "A fetched source has another hash than the expression states.",
  },
  restricted: { catchable: false, doc: "Access is forbidden in pure or restricted evaluation." },
  "import-from-derivation": {
    catchable: false,
    doc: "Something would have to be built during evaluation, which is disabled.",
  },
  "not-supported": { catchable: false, doc: "Nivis does not support this feature yet." },
  "experimental-feature": {
    catchable: false,
    doc: "An experimental feature is needed and not enabled.",
  },
  usage: { catchable: false, doc: "A command line argument or setting is wrong." },
  "would-wait": {
    catchable: false,
    passing: true,
    doc: "The host has only a promise where a synchronous evaluation needs a value.",
  },
  interrupted: { catchable: false, passing: true, doc: "The user stopped the evaluation." },
  "re-entrance": {
    catchable: false,
    passing: true,
    doc: "Host code forced a value whose evaluation waits for that host code.",
  },
} as const satisfies Record<string, ErrorKindRow>;

/** The code of a kind of error. */
export type ErrorKind = keyof typeof ERROR_KINDS;

/** Whether errors of a kind concern this run and not the value; see {@link ErrorKindRow}. */
export function isPassingKind(kind: ErrorKind): boolean {
  const row: ErrorKindRow = ERROR_KINDS[kind];
  return row.passing === true;
}
