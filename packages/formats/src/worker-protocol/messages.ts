/**
 * The messages of a daemon while an operation runs: texts, activities, results, and the end.
 *
 * Messages follow each request until `last` (the reply follows) or `error` (nothing follows).
 * Sources: processStderrReturn in worker-protocol-connection.cc, readError in serialise.cc,
 * TunnelLogger in daemon.cc.
 */

import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import type { WireOutput } from "../codec/wire-output.ts";
import { marked } from "../marked-text.ts";
import {
  type Agreement,
  basic,
  blob,
  list,
  mapped,
  record,
  text,
  uint,
  uint64,
  type Wire,
} from "./wire.ts";

/** The numbers of the types of activities. */
export const ACTIVITY_TYPES = {
  unknown: 0,
  copyPath: 100,
  fileTransfer: 101,
  realise: 102,
  copyPaths: 103,
  builds: 104,
  build: 105,
  optimiseStore: 106,
  verifyPaths: 107,
  substitute: 108,
  queryPathInfo: 109,
  postBuildHook: 110,
  buildWaiting: 111,
  fetchTree: 112,
  fetchToStore: 113,
} as const;

/** The numbers of the types of results. */
export const RESULT_TYPES = {
  fileLinked: 100,
  buildLogLine: 101,
  untrustedPath: 102,
  corruptedPath: 103,
  setPhase: 104,
  progress: 105,
  setExpected: 106,
  postBuildLogLine: 107,
  fetchStatus: 108,
  fetchToStore: 109,
} as const;

/** The levels of messages; the index in the list is the number. */
export const VERBOSITIES = [
  "error",
  "warn",
  "notice",
  "info",
  "talkative",
  "chatty",
  "debug",
  "vomit",
] as const;

/** A field of an activity or result. Numbers have 64 bits. */
export type ActivityField = bigint | string;

/** The start of an activity. Ids exceed 2^53. */
export interface ActivityStart {
  readonly id: bigint;
  /** See {@link VERBOSITIES}. */
  readonly level: number;
  /** See {@link ACTIVITY_TYPES}. */
  readonly type: number;
  readonly text: string;
  readonly fields: readonly ActivityField[];
  /** The id of the parent activity; 0 if there is none. */
  readonly parent: bigint;
}

/** A result of an activity, such as its progress. */
export interface ActivityResult {
  readonly id: bigint;
  /** See {@link RESULT_TYPES}. */
  readonly type: number;
  readonly fields: readonly ActivityField[];
}

/** An error of the daemon. Texts may contain ANSI escapes. */
export interface RemoteError {
  readonly level: number;
  readonly message: string;
  /** Outermost first. */
  readonly traces: readonly string[];
}

/** A message of a daemon while an operation runs. */
export type ServerMessage =
  | { readonly kind: "next"; readonly text: string }
  /** A request for up to `count` bytes; only unsupported old daemons send it. */
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "write"; readonly bytes: Uint8Array }
  | { readonly kind: "last" }
  | { readonly kind: "error"; readonly error: RemoteError }
  | { readonly kind: "start-activity"; readonly activity: ActivityStart }
  | { readonly kind: "stop-activity"; readonly id: bigint }
  | { readonly kind: "result"; readonly result: ActivityResult };

const field: Wire<ActivityField> = basic(
  "activity field",
  function* (input, agreed): Decoding<ActivityField> {
    const tag = yield* input.uint64();
    if (tag === 0n) return yield* input.uint64();
    if (tag === 1n) return yield* text.read(input, agreed);
    throw wireError("got unsupported field type from Nix daemon");
  },
  (output, value) => {
    output.uint(typeof value === "string" ? 1 : 0);
    if (typeof value === "string") output.string(value);
    else output.uint64(value);
  },
);

const fields = list(field);

const activityStart: Wire<ActivityStart> = record({
  id: uint64,
  level: uint,
  type: uint,
  text,
  fields,
  parent: uint64,
});

const activityResult: Wire<ActivityResult> = record({ id: uint64, type: uint, fields });

/** The position of an error, which must be absent: no layout for one was ever defined. */
const noPosition: Wire<undefined> = mapped(
  "no position",
  uint64,
  (tag) => {
    if (tag !== 0n)
      throw wireError(marked`error of the daemon has a position of unknown form ${tag}`);
    return undefined;
  },
  () => 0n,
);

const trace: Wire<string> = mapped(
  "trace",
  record({ position: noPosition, text }),
  (one) => one.text,
  (one) => ({ text: one }),
);

/** The constant word before an error, its old name. */
const errorWord: Wire<undefined> = mapped(
  "'Error'",
  text,
  () => undefined,
  () => "Error",
);

const remoteError: Wire<RemoteError> = record({
  type: errorWord,
  level: uint,
  name: errorWord,
  message: text,
  position: noPosition,
  traces: list(trace),
});

interface MessageRow {
  readonly kind: ServerMessage["kind"];
  readonly code: number;
  read(input: WireInput, agreed: Agreement): Decoding<ServerMessage>;
  write(output: WireOutput, message: ServerMessage, agreed: Agreement): void;
}

/** A message whose body is one value of `item`, which the message carries as `key`. */
function row<Kind extends ServerMessage["kind"], T>(
  kind: Kind,
  code: number,
  key: string,
  item: Wire<T>,
): MessageRow {
  return {
    kind,
    code,
    *read(input, agreed) {
      const value = yield* item.read(input, agreed);
      return { kind, [key]: value } as unknown as ServerMessage;
    },
    write: (output, message, agreed) =>
      item.write(output, (message as unknown as Record<string, T>)[key] as T, agreed),
  };
}

const MESSAGES: readonly MessageRow[] = [
  row("next", 0x6f6c6d67, "text", text),
  row("read", 0x64617461, "count", uint),
  row("write", 0x64617416, "bytes", blob),
  {
    kind: "last",
    code: 0x616c7473,
    // biome-ignore lint/correctness/useYield: the message has no body.
    *read() {
      return { kind: "last" };
    },
    write: () => {},
  },
  row("error", 0x63787470, "error", remoteError),
  row("start-activity", 0x53545254, "activity", activityStart),
  row("stop-activity", 0x53544f50, "id", uint64),
  row("result", 0x52534c54, "result", activityResult),
];

const BY_CODE = new Map(MESSAGES.map((one) => [BigInt(one.code), one]));
const BY_KIND = new Map(MESSAGES.map((one) => [one.kind, one]));

/** A message, preceded by its code. */
export const serverMessage: Wire<ServerMessage> = basic(
  "message",
  function* (input, agreed) {
    const code = yield* input.uint64();
    const found = BY_CODE.get(code);
    if (found === undefined)
      throw wireError(marked`got unknown message type ${code.toString(16)} from Nix daemon`);
    return yield* found.read(input, agreed);
  },
  (output, message, agreed) => {
    const found = BY_KIND.get(message.kind) as MessageRow;
    output.uint(found.code);
    found.write(output, message, agreed);
  },
);
