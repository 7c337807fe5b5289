/**
 * Rankings: what a profile says about functions, files, packages and options, as rows of a table.
 *
 * *Own* is what was measured while a thing was the innermost of its kind, *total* what was measured
 * while it was anywhere on the stack. Own values of all rows add up to no more than the whole; totals
 * overlap.
 */
import type { FrameKind, Measures, Profile, ProfileFrame } from "./profile.ts";

/** By what a profile is summed up. */
export type Grouping = "function" | "file" | "package" | "option";

/** All groupings, in the order in which they are shown. */
export const GROUPINGS: readonly Grouping[] = ["package", "option", "function", "file"];

/** A row of a ranking. */
export interface RankingRow {
  readonly name: string;
  /** `FILE:LINE:COLUMN`; empty if the row has no one place. */
  readonly place: string;
  readonly own: Measures;
  readonly total: Measures;
}

interface Sum {
  samples: number;
  milliseconds: number;
  bytes: number;
}

interface Row {
  readonly name: string;
  readonly place: string;
  readonly own: Sum;
  readonly total: Sum;
}

/** The kinds of frames that packages and options are. */
export const KINDS: Readonly<Record<"package" | "option", ReadonlySet<FrameKind>>> = {
  package: new Set(["attribute", "derivation"]),
  option: new Set(["option"]),
};

/** By what the rows of a ranking are sorted. */
export type RankingOrder = "time" | "allocated";

/** The rows of a profile, the one with the most of its own first. */
export function rank(
  profile: Profile,
  grouping: Grouping,
  order: RankingOrder = "time",
): RankingRow[] {
  const measure = order === "time" ? "milliseconds" : "bytes";
  const rows = new Map<string, Row>();
  const { nodes } = profile;
  /** The row of each node's innermost frame of the kind, and all rows on its stack. */
  const innermost: (Row | undefined)[] = [];
  const onStack: (ReadonlySet<Row> | undefined)[] = [];
  nodes.forEach((node, i) => {
    const key = keyOf(node.frame, grouping);
    let row = key === undefined ? undefined : rows.get(key);
    if (key !== undefined && row === undefined) {
      row = {
        name: nameOf(node.frame, grouping),
        place: placeOf(node.frame, grouping),
        own: none(),
        total: none(),
      };
      rows.set(key, row);
    }
    const outer = node.parent < 0 ? undefined : onStack[node.parent];
    const own = row ?? (node.parent < 0 ? undefined : innermost[node.parent]);
    innermost[i] = own;
    const all =
      row === undefined || outer?.has(row) === true ? outer : new Set([...(outer ?? []), row]);
    onStack[i] = all;
    if (node.samples === 0 && node.bytes === 0) return;
    if (own !== undefined) add(own.own, node);
    for (const each of all ?? []) add(each.total, node);
  });
  return [...rows.values()]
    .filter(({ total }) => total.samples > 0 || total.bytes > 0)
    .sort(
      (a, b) =>
        b.own[measure] - a.own[measure] ||
        b.total[measure] - a.total[measure] ||
        (a.name < b.name ? -1 : 1),
    );
}

function none(): Sum {
  return { samples: 0, milliseconds: 0, bytes: 0 };
}

function add(sum: Sum, { samples, milliseconds, bytes }: Measures): void {
  sum.samples += samples;
  sum.milliseconds += milliseconds;
  sum.bytes += bytes;
}

/** What makes frames one row; `undefined` for frames that have none. */
function keyOf(frame: ProfileFrame, grouping: Grouping): string | undefined {
  switch (grouping) {
    case "function":
      if (KINDS.package.has(frame.kind) || frame.kind === "option") return undefined;
      return `${frame.kind}\0${frame.name}\0${framePlace(frame)}`;
    case "file":
      return frame.file;
    default:
      return KINDS[grouping].has(frame.kind) ? frame.name : undefined;
  }
}

function nameOf(frame: ProfileFrame, grouping: Grouping): string {
  return grouping === "file" ? (frame.file as string) : frame.name;
}

function placeOf(frame: ProfileFrame, grouping: Grouping): string {
  return grouping === "function" ? framePlace(frame) : "";
}

/** `FILE:LINE:COLUMN`, or an empty text. */
export function framePlace({ file, line, column }: ProfileFrame): string {
  return file === undefined ? "" : `${file}:${line}:${column}`;
}
