/**
 * The messages between a page and the worker that evaluates for it: requests with numbers, one answer
 * each, and notices in between. Everything is plain data. Texts are ordinary strings, and offsets count
 * UTF-16 units, as the editor does.
 */

/** The files of a page, and the pack that it may read. */
export interface World {
  /** The texts by name, such as `main.nix`; the first is evaluated. */
  readonly files: Readonly<Record<string, string>>;
  /** The tree at `/nixpkgs`, which `<nixpkgs>` is; absent for none. */
  readonly pack?: PackPlace | undefined;
}

/** Where a pack is. */
export interface PackPlace {
  readonly url: string;
  /** As `nivis pack` prints it. */
  readonly hash?: string | undefined;
}

/** A range of a text. */
export interface Place {
  /** The name of one of the files, or another path, such as `/nixpkgs/lib/lists.nix`. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  /** From 1. */
  readonly line: number;
}

/** A value as a row of the tree shows it. */
export interface ValueNode {
  /** The number by which the worker knows it. */
  readonly id: number;
  /** `thunk` if it has not been evaluated, `error` if that failed. */
  readonly type: string;
  /** One line. */
  readonly text: string;
  /** The number of its children. */
  readonly size: number;
  readonly isDerivation: boolean;
  /** Where it was defined. */
  readonly place?: Place | undefined;
}

/** A child and its name; an element of a list has its index. */
export interface ChildNode extends ValueNode {
  readonly name: string;
}

/** A mistake as the page shows it. */
export interface Failure {
  /** The report for people, with excerpts. */
  readonly report: string;
  readonly message: string;
  readonly code: string;
  readonly labels: readonly (Place & { readonly message: string; readonly primary: boolean })[];
}

/** What an evaluation took. */
export interface Cost {
  readonly milliseconds: number;
  /** What was fetched of the pack during it. */
  readonly requests: number;
  readonly bytes: number;
}

/** The result of an evaluation. */
export type Outcome = Cost & {
  /** Warnings and traces, in order. */
  readonly log: readonly string[];
} & (
    | { readonly kind: "value"; readonly root: ValueNode }
    | { readonly kind: "failure"; readonly failure: Failure }
    | { readonly kind: "stopped" }
  );

/** A step of the machine. */
export interface Step {
  readonly kind: "enter" | "leave" | "builtin" | "instruction";
  readonly depth: number;
  /** The name of a function or builtin, the value that was returned, or the instruction. */
  readonly text: string;
  /** The operand stack, the top last; only for instructions. */
  readonly stack?: readonly string[] | undefined;
  readonly place?: Place | undefined;
}

/** Where the time of an evaluation went. */
export interface ProfileView {
  /** A page with a flame graph. */
  readonly page: string;
  readonly milliseconds: number;
  readonly samples: number;
  /** The functions and values that took the most time themselves. */
  readonly rows: readonly {
    readonly name: string;
    readonly place: string;
    readonly own: number;
    readonly total: number;
  }[];
  /** Why the evaluation did not end, if it did not. */
  readonly error?: string | undefined;
}

/** A derivation, and those that it needs. */
export interface DerivationView {
  readonly path: string;
  readonly name: string;
  readonly outputs: readonly { readonly name: string; readonly path: string }[];
  readonly inputs: readonly { readonly path: string; readonly name: string }[];
  readonly sources: readonly string[];
}

/** A builtin, for completion and hovers. */
export interface BuiltinInfo {
  /** Its name in `builtins`. */
  readonly name: string;
  /** The names of its arguments; none for a constant. */
  readonly args: readonly string[];
  /** Markdown. */
  readonly doc: string;
}

/** The requests, and the type of the answer to each. */
export interface Requests {
  open: { readonly params: World; readonly answer: null };
  evaluate: { readonly params: { readonly file: string }; readonly answer: Outcome };
  force: { readonly params: { readonly id: number }; readonly answer: ValueNode };
  children: {
    readonly params: { readonly id: number; readonly from: number; readonly count: number };
    readonly answer: readonly ChildNode[];
  };
  print: {
    readonly params: { readonly id: number; readonly form: "nix" | "json" | "xml" };
    readonly answer: string;
  };
  code: {
    readonly params: { readonly file: string; readonly form: "bytecode" | "js" };
    readonly answer: string;
  };
  trace: {
    readonly params: { readonly file: string; readonly limit: number };
    readonly answer: { readonly steps: readonly Step[]; readonly isWhole: boolean };
  };
  /** A flame graph of a whole evaluation of a file, as a page. */
  profile: {
    readonly params: { readonly file: string; readonly theme: "dark" | "light" };
    readonly answer: ProfileView;
  };
  derivation: { readonly params: { readonly path: string }; readonly answer: DerivationView };
  /** Whether a function returns true for the value of a file. */
  check: {
    readonly params: { readonly file: string; readonly check: string };
    readonly answer: { readonly passed: boolean; readonly error?: string | undefined };
  };
  builtins: { readonly params: null; readonly answer: readonly BuiltinInfo[] };
  text: { readonly params: { readonly path: string }; readonly answer: string };
}

/** The name of a request. */
export type Method = keyof Requests;

/** A message to the worker. `stop` ends what runs. */
export type ToWorker =
  | { readonly id: number; readonly method: Method; readonly params: unknown }
  | { readonly stop: true };

/** A message from the worker. */
export type FromWorker =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string; readonly stopped: boolean };
