/** `nivis/flake-refs`: references to flakes as texts and as attributes. */
import {
  decodeUtf8,
  encodeUtf8,
  flakeRefAttrs,
  flakeRefFromAttrs,
  formatFlakeRef as formatBytes,
  type InputAttr,
  parseFlakeRefWithFragment,
} from "@nivis/formats";

/** The attributes of a flake reference, as in a lock file: `type`, `owner`, `rev`, `dir` and so on. */
export interface FlakeRefAttrs {
  readonly type: string;
  readonly [name: string]: string | number | bigint | boolean;
}

/** A flake reference. */
export interface FlakeRef {
  readonly attrs: FlakeRefAttrs;
  /** The part behind `#`, decoded; empty if there is none. */
  readonly fragment: string;
}

/** Parses a reference such as `github:NixOS/nixpkgs/nixos-26.11#hello`. Throws a `FormatError`. */
export function parseFlakeRef(text: string): FlakeRef {
  const { ref, fragment } = parseFlakeRefWithFragment(encodeUtf8(text));
  const attrs = [...flakeRefAttrs(ref)].map(([name, value]) => [
    decodeUtf8(name),
    typeof value === "string" ? decodeUtf8(value) : value,
  ]);
  return { attrs: Object.fromEntries(attrs) as FlakeRefAttrs, fragment: decodeUtf8(fragment) };
}

/** Writes the reference with these attributes as a URL. Throws a `FormatError`. */
export function formatFlakeRef(attrs: FlakeRefAttrs): string {
  const entries = Object.entries(attrs).map(([name, value]): [string, InputAttr] => [
    encodeUtf8(name),
    typeof value === "string" ? encodeUtf8(value) : value,
  ]);
  return decodeUtf8(formatBytes(flakeRefFromAttrs(new Map(entries))));
}
