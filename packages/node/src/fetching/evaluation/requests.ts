/**
 * What an evaluation asks of its fetchers: the messages between the thread that evaluates, which is
 * synchronous and waits, and the thread that fetches. Messages are structured clones; texts are byte
 * strings.
 */
import type { FlakeLockOptions, RegistryUse } from "@nivis/eval";
import type { TreeRecipe } from "@nivis/fetch";
import {
  type ErrorNote,
  type FetcherInput,
  FormatError,
  type FormatErrorKind,
  type InputAttr,
  type InputAttrs,
  InputError,
  inputSchemeNamed,
  type MarkedText,
} from "@nivis/formats";
import type { FlakeSessionOptions } from "../flake-session.ts";
import type { FlakeCallMessage, FlakePlaceMessage } from "./flake-calls.ts";

/** How the thread that fetches is started. */
export type FetchStart = Pick<
  FlakeSessionOptions,
  "environment" | "settings" | "cacheDirectory" | "store"
>;

/** An input without the functions of its scheme. */
export interface InputMessage {
  readonly scheme: string | undefined;
  readonly attrs: InputAttrs;
}

/** The questions; each has the answer beside it in {@link FetchAnswers}. */
export type FetchQuestion =
  | { readonly ask: "tree"; readonly input: InputMessage }
  | { readonly ask: "attribute"; readonly input: InputMessage; readonly name: string }
  | { readonly ask: "file"; readonly url: string; readonly name: string }
  | { readonly ask: "registry"; readonly input: InputMessage; readonly use: RegistryUse }
  | { readonly ask: "reference"; readonly text: string }
  | { readonly ask: "flake"; readonly ref: string; readonly options: FlakeLockOptions }
  | {
      readonly ask: "flake-at";
      readonly place: FlakePlaceMessage;
      readonly options: FlakeLockOptions;
    }
  | { readonly ask: "forget" }
  | { readonly ask: "close" }
  /** Ends the thread and the programs that it runs; there is no answer. */
  | { readonly ask: "stop" };

/** A fetched tree as a message. */
export interface TreeMessage {
  readonly recipe: TreeRecipe;
  readonly locked: InputMessage;
  readonly narHash: string;
  readonly lazyAttrs: readonly string[];
}

/** What registries have for an input, as a message. */
export interface HitMessage {
  readonly input: InputMessage;
  readonly directory: string | undefined;
}

/** The answers to the questions. */
export interface FetchAnswers {
  readonly tree: TreeMessage;
  readonly attribute: InputAttr;
  readonly file: Uint8Array;
  readonly registry: HitMessage;
  readonly reference: HitMessage;
  readonly flake: FlakeCallMessage;
  readonly "flake-at": FlakeCallMessage;
  readonly forget: undefined;
  readonly close: undefined;
  readonly stop: undefined;
}

/** An answer, or an error that is thrown where the question was asked. */
export type FetchReply = { readonly value: unknown } | { readonly failure: FailureMessage };

/** An error as a message; `kind` is that of a `FormatError`, absent for other errors. */
export interface FailureMessage {
  /** With marks for its colours, if there is a `kind`. */
  readonly text: MarkedText;
  readonly kind: FormatErrorKind | undefined;
  readonly exitCode: number;
  readonly notes: readonly ErrorNote[];
  readonly stack: string | undefined;
}

/** What is shown while a question is answered. */
export type FetchNotice =
  | { readonly show: "warning"; readonly text: string }
  | { readonly show: "notice"; readonly text: string }
  /** The line of progress; empty when nothing is under way. */
  | { readonly show: "progress"; readonly text: string };

/** What the thread posts: any number of notices, then the reply to the question. */
export type FetchMessage = FetchReply | FetchNotice;

export function inputMessage({ scheme, attrs }: FetcherInput): InputMessage {
  return { scheme: scheme?.name, attrs };
}

export function inputOfMessage({ scheme, attrs }: InputMessage): FetcherInput {
  return { scheme: inputSchemeNamed(scheme), attrs };
}

export function failureMessage(error: unknown): FailureMessage {
  if (error instanceof InputError) {
    const { text, kind, exitCode, notes, stack } = error;
    return { text, kind, exitCode, notes: [...notes], stack };
  }
  const isFormat = error instanceof FormatError;
  return {
    text: isFormat ? error.text : error instanceof Error ? error.message : String(error),
    kind: isFormat ? error.kind : undefined,
    exitCode: 1,
    notes: [],
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** The error of a message: an {@link InputError} unless it was a bug. */
export function errorOfMessage(failure: FailureMessage): Error {
  const { text, kind, exitCode, notes, stack } = failure;
  if (kind === undefined) {
    const bug = new Error(text);
    if (stack !== undefined) bug.stack = stack;
    return bug;
  }
  if (kind !== "error") return new FormatError(kind, text);
  const error = new InputError(text, exitCode);
  error.notes.push(...notes);
  return error;
}
