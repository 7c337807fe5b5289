/** What the commands about registries gather, and how they change one. */
import type { Registry } from "@nivis/flake";
import { encodeUtf8, type FlakeRef, marked, parseFlakeRef } from "@nivis/formats";
import type { FlakeSession } from "@nivis/node";
import { type CommonFlags, commonFlags } from "../async-program.ts";
import type { Invocation } from "../invocation.ts";
import { type Option, usageError, valueFlag } from "./option.ts";

/** See the head of this file. Texts are byte strings. */
export interface RegistryDraft extends CommonFlags {
  readonly refs: string[];
  /** The registry to change; the user's unless given. */
  registry: string | undefined;
}

/** The state before the first option. */
export function emptyRegistryDraft(invocation: Invocation): RegistryDraft {
  return { ...commonFlags(invocation), refs: [], registry: undefined };
}

/** Notes a reference. */
export function addRef(draft: RegistryDraft, argument: string): void {
  draft.refs.push(encodeUtf8(argument));
}

/** Which registry to change. */
export const REGISTRY_OPTION: Option<RegistryDraft> = valueFlag(
  ["--registry"],
  "FILE",
  "The registry to change; the user's unless given",
  (draft, file) => {
    draft.registry = encodeUtf8(file);
  },
);

/** The references of a command that takes a number of them. */
export function refsOf(
  { refs }: RegistryDraft,
  invocation: Invocation,
  least: number,
  most: number,
): FlakeRef[] {
  if (refs.length < least || refs.length > most) {
    const wanted = least === most ? String(least) : `${least} or ${most}`;
    throw usageError(
      marked`this command takes ${wanted} references, but ${refs.length} were given`,
    );
  }
  return refs.map((text) => parseFlakeRef(text, { warn: (message) => invocation.warn(message) }));
}

/** Changes a registry and writes it. */
export async function changeRegistry(
  draft: RegistryDraft,
  session: FlakeSession,
  change: (registry: Registry) => Promise<void> | void,
): Promise<void> {
  const path = draft.registry ?? session.userRegistryPath;
  const registry = session.readRegistry(path);
  await change(registry);
  session.writeRegistry(path, registry);
}

/** The directory of a reference as a row keeps it. */
export function directoryOf({ directory }: FlakeRef): string | undefined {
  return directory === "" ? undefined : directory;
}
