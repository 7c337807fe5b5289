/** `nivis store verify`: whether paths are what their hashes say, and signed by somebody trusted. */
import { encodeUtf8, equalHashes, formatHash, marked, type PathInfo } from "@nivis/formats";
import { nodeStoreHost } from "@nivis/node";
import {
  digestOf,
  invalidPath,
  isContentAddressed,
  messageOf,
  type Store,
  type TrustedKeys,
} from "@nivis/store";
import {
  emptyPathsDraft,
  PATHS_OPTIONS,
  type PathsDraft,
  selectedPaths,
  takeArgument,
} from "../../options/installable.ts";
import { flag, usageError, valueFlag } from "../../options/option.ts";
import type { StoreProgram, StoreSession } from "../../store-program.ts";

interface VerifyDraft extends PathsDraft {
  noContents: boolean;
  noTrust: boolean;
  sigsNeeded: number;
  readonly substituters: string[];
}

const CORRUPTED = 1;
const UNTRUSTED = 2;
const FAILED = 4;

/** See the head of this file. */
export const storeVerifyCommand: StoreProgram<VerifyDraft> = {
  name: "nivis store verify",
  summary: "check the contents and signatures of paths",
  usage: "[FLAG]... PATH...",
  description: [
    "The exit code adds 1 for paths with wrong contents, 2 for paths without a trusted signature and 4 for paths that could not be checked.",
  ],
  examples: [
    { does: "Check a closure", command: "nivis store verify -r ./result" },
    { does: "Check contents only", command: "nivis store verify --no-trust --all" },
  ],
  options: [
    ...PATHS_OPTIONS,
    flag<VerifyDraft>(["--no-contents"], "Do not check contents", (draft) => {
      draft.noContents = true;
    }),
    flag<VerifyDraft>(["--no-trust"], "Do not check signatures", (draft) => {
      draft.noTrust = true;
    }),
    valueFlag<VerifyDraft>(
      ["--substituter", "-s"],
      "STORE",
      "Use signatures of STORE, too",
      (draft, text) => {
        draft.substituters.push(encodeUtf8(text));
      },
    ),
    valueFlag<VerifyDraft>(
      ["--sigs-needed", "-n"],
      "N",
      "Want signatures by N different keys",
      (draft, text) => {
        if (!/^\d+$/.test(text)) throw usageError(marked`'${text}' is not a number`);
        draft.sigsNeeded = Number(text);
      },
    ),
  ],
  start: () => ({
    ...emptyPathsDraft(),
    noContents: false,
    noTrust: false,
    sigsNeeded: 0,
    substituters: [],
  }),
  positional: takeArgument,
  run: async (draft, session) => {
    const store = await session.store();
    const keys = await session.verifier();
    const others: Store[] = [];
    for (const uri of draft.substituters) others.push(await session.open(uri));
    let code = 0;
    for (const path of await selectedPaths(draft, session, store)) {
      try {
        const info = await store.info(path, { signal: session.signal });
        if (info === undefined) throw invalidPath(path);
        session.info(`checking '${path}'...`);
        if (!draft.noContents && !(await hasRightContents(info, store, session))) code |= CORRUPTED;
        if (!draft.noTrust && !(await isTrusted(info, store, others, keys, draft))) {
          session.tell(`path '${path}' is untrusted`);
          code |= UNTRUSTED;
        }
      } catch (error) {
        if (session.signal.aborted) throw error;
        session.error(messageOf(error));
        code |= FAILED;
      }
    }
    return code;
  },
};

async function hasRightContents(
  info: PathInfo,
  store: Store,
  session: StoreSession,
): Promise<boolean> {
  const nar = store.nar(info.path, { signal: session.signal });
  const { hash } = await digestOf(nar, nodeStoreHost.hashes);
  if (equalHashes(hash, info.narHash)) return true;
  const [wanted, got] = [info.narHash, hash].map((one) => formatHash(one, "nix32", true));
  session.tell(`path '${info.path}' was modified! expected hash '${wanted}', got '${got}'`);
  return false;
}

async function isTrusted(
  info: PathInfo,
  store: Store,
  others: readonly Store[],
  keys: TrustedKeys,
  { sigsNeeded }: VerifyDraft,
): Promise<boolean> {
  if (info.ultimate && sigsNeeded === 0) return true;
  if (isContentAddressed(info, store.storeDir, nodeStoreHost)) return true;
  const needed = Math.max(sigsNeeded, 1);
  const signatures = new Set(info.signatures);
  for (const other of others) {
    if (keys.count({ ...info, signatures: [...signatures] }) >= needed) break;
    const theirs = await other.info(info.path);
    for (const signature of theirs?.signatures ?? []) signatures.add(signature);
  }
  return keys.count({ ...info, signatures: [...signatures] }) >= needed;
}
