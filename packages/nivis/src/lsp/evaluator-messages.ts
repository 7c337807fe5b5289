/** The messages between the language server, the process that evaluates for it, and the thread in that. */
import type {
  DescribedValue,
  Evaluated,
  EvaluationProblem,
  EvaluationQuery,
  ListedAttribute,
  OpenText,
} from "@nivis/lsp";

/** A question. */
export type Question =
  | {
      readonly kind: "attributes";
      readonly query: EvaluationQuery;
      readonly prefix: string;
      readonly limit: number;
    }
  | { readonly kind: "describe"; readonly query: EvaluationQuery }
  | { readonly kind: "check"; readonly path: string };

/** The value of a reply. */
export type Reply = Evaluated<
  readonly ListedAttribute[] | DescribedValue | readonly EvaluationProblem[]
>;

/** What the server says to the process. */
export type ToEvaluator =
  | {
      readonly kind: "start";
      /** The script of the commands, whose `launch` runs the thread; text. */
      readonly script: string;
      /** The heap of the thread, in MiB. */
      readonly heapSize: number;
      readonly start: EvaluatorStart;
    }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  /** Nobody waits for the running question any more. */
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "texts"; readonly texts: readonly OpenText[] }
  | { readonly kind: "files"; readonly paths: readonly string[] };

/** What the thread begins with. */
export interface EvaluatorStart {
  /** In milliseconds, for one question. */
  readonly maxTime: number;
  /** In MiB. */
  readonly maxMemory: number;
  /** Resident memory, in bytes, above which a process that has nothing to lose is to be replaced. */
  readonly maxResting: number;
  /** Flags of the command line that evaluation has, too; texts. */
  readonly args: readonly string[];
}

/** What the process says to the server. */
export type FromEvaluator =
  | {
      readonly kind: "reply";
      readonly id: number;
      readonly reply: Reply;
      /** The resident memory of the process, in bytes. */
      readonly memory: number;
    }
  /** The process is large and has dropped what it had evaluated: another is to reply to the question. */
  | { readonly kind: "renew"; readonly id: number }
  /** The process ends because its heap is full. */
  | { readonly kind: "heap-full" };
