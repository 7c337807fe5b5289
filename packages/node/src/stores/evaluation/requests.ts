/**
 * What an evaluation asks of its stores: the messages between the thread that evaluates, which is
 * synchronous and waits, and the thread that holds the connections.
 *
 * Messages are structured clones. Texts are byte strings.
 */
import type { ClosureCopy, ClosureRequest } from "@nivis/eval";
import type { BuildMode, DerivedPath, KeyedBuildResult, NarListing } from "@nivis/formats";
import type { Missing } from "@nivis/store";
import type { OpenStoreOptions } from "../open-store.ts";
import type { BuildLogOptions } from "../progress/build-logger.ts";

/** How the thread that holds the connections is started. */
export interface WorkerStart {
  /** The stores, as the command line names them; equal ones are opened once. */
  readonly evalStore: string;
  readonly buildStore: string;
  readonly options: Pick<
    OpenStoreOptions,
    | "storeDir"
    | "environment"
    | "currentDirectory"
    | "clientOptions"
    | "configuration"
    | "makesDatabases"
    | "userAgent"
    | "settings"
  >;
  /** Where narinfos are remembered between processes; nowhere unless given. */
  readonly narInfoDirectory?: string | undefined;
  /** How the work of the stores is shown; not at all unless given. */
  readonly log?: BuildLogOptions | undefined;
}

/** A store object that the evaluation made and no store has been told of. */
export type NewObject =
  /** One file: a text such as a derivation, or a file that is addressed by its contents alone. */
  | {
      readonly kind: "file";
      readonly method: "text" | "flat";
      readonly path: string;
      readonly contents: string;
      readonly references: readonly string[];
    }
  /** A copy of files of this machine, or its NAR where the files are elsewhere. */
  | {
      readonly kind: "source";
      readonly path: string;
      readonly narDigest: Uint8Array;
      readonly narSize: number;
      readonly references: readonly string[];
      readonly from:
        | {
            readonly root: string;
            /** The names kept in each directory; all of them if absent. */
            readonly kept: ReadonlyMap<string, readonly string[]> | undefined;
          }
        | { readonly nar: Uint8Array }
        /** An open file with the NAR, which has no name any more; it is to be closed. */
        | { readonly narFile: number };
    };

/** An output that evaluation needs, as string contexts name it. */
export interface RequestedOutput {
  readonly drvPath: string;
  readonly output: string;
}

/** The questions; each answer has the type beside it in {@link StoreAnswers}. */
export type StoreRequest =
  | { readonly ask: "valid"; readonly path: string }
  | { readonly ask: "references"; readonly path: string }
  | { readonly ask: "hash"; readonly path: string }
  | { readonly ask: "derivation"; readonly path: string }
  /** What is in an object. */
  | { readonly ask: "list"; readonly path: string }
  /** The contents of a file in an object, by its path below the object, such as `/bin/sh`. */
  | { readonly ask: "read"; readonly path: string; readonly file: string }
  | { readonly ask: "write"; readonly objects: readonly NewObject[] }
  | { readonly ask: "build"; readonly wanted: readonly RequestedOutput[] }
  | { readonly ask: "substitute"; readonly path: string }
  | ({ readonly ask: "closure" } & ClosureRequest)
  | { readonly ask: "missing"; readonly wanted: readonly DerivedPath[] }
  | { readonly ask: "realise"; readonly wanted: readonly DerivedPath[]; readonly mode: BuildMode }
  | { readonly ask: "outputs"; readonly drvPath: string }
  | { readonly ask: "root"; readonly path: string; readonly link: string }
  | { readonly ask: "print"; readonly level: number; readonly lines: readonly string[] }
  | { readonly ask: "close" };

/** What is answered to each question. */
export interface StoreAnswers {
  readonly valid: boolean;
  /** `undefined` if the path is not valid. */
  readonly references: readonly string[] | undefined;
  /** The hash of the NAR, `sha256-…`; `undefined` if the path is not valid. */
  readonly hash: string | undefined;
  /** The text of the `.drv` file; `undefined` if the path is not valid. */
  readonly derivation: string | undefined;
  readonly list: NarListing;
  readonly read: string;
  readonly write: undefined;
  /** The paths of the outputs, in the order of the question. */
  readonly build: readonly string[];
  readonly substitute: boolean;
  readonly closure: ClosureCopy;
  /** What the build store would have to do; `willBuild` with dependencies first. */
  readonly missing: Missing;
  /** What became of each wanted path, in their order; failures are results. */
  readonly realise: readonly KeyedBuildResult[];
  /** `undefined` for an output that is not known before it is built. */
  readonly outputs: ReadonlyMap<string, string | undefined>;
  /** Whether the store has roots that are links. */
  readonly root: boolean;
  readonly print: undefined;
  readonly close: undefined;
}

/** A request with its number. */
export interface StoreMessage {
  readonly id: number;
  readonly request: StoreRequest;
}

/** Gives up what is under way, which then fails; has no reply of its own. */
export const CANCEL = "cancel";

/** An error as another thread hears of it. */
export interface StoreFailure {
  /** The kind of the error of the store, or `store`. */
  readonly code: string;
  readonly message: string;
  /** See `StoreError`. */
  readonly exitCode?: number | undefined;
}

/** The result of the request with this number, or what failed. */
export type StoreReply = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly failure: StoreFailure }
);
