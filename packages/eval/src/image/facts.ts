/** What an evaluation knows about a derivation that it made, as JSON for a heap image. */
import type { DerivationOutput, HashModulo, KnownDerivation } from "@nivis/formats";
import { decodeBase16, encodeBase16 } from "@nivis/formats";

type Facts = readonly [
  outputs: readonly (readonly [name: string, output: DerivationOutput, digest: string])[],
  references: readonly string[],
  modulo: readonly [kind: string, hex: string | readonly (readonly [string, string])[]] | null,
];

/** Writes what is known about a derivation. */
export function factsOf({ outputs, references, modulo }: KnownDerivation): string {
  const rows = Array.from(outputs, ([name, output]) => [
    name,
    output,
    output.kind === "fixed" ? encodeBase16(output.hash.digest) : "",
  ]);
  const written =
    modulo === undefined
      ? null
      : [
          modulo.kind,
          modulo.kind === "hash" ? modulo.hex : modulo.kind === "fixed" ? [...modulo.outputs] : "",
        ];
  return JSON.stringify([rows, references, written]);
}

/** Reads what {@link factsOf} has written. */
export function readFacts(text: string): KnownDerivation {
  const [rows, references, written] = JSON.parse(text) as Facts;
  const outputs = new Map<string, DerivationOutput>();
  for (const [name, output, digest] of rows) {
    outputs.set(
      name,
      output.kind === "fixed"
        ? { ...output, hash: { ...output.hash, digest: decodeBase16(digest) as Uint8Array } }
        : output,
    );
  }
  return { outputs, references, modulo: written === null ? undefined : moduloOf(written) };
}

function moduloOf([kind, hex]: NonNullable<Facts[2]>): HashModulo {
  if (kind === "hash") return { kind, hex: hex as string };
  if (kind === "fixed") return { kind, outputs: new Map(hex as [string, string][]) };
  return { kind: "deferred" };
}
