/**
 * Profiles in the formats that other programs read.
 *
 *     folded      lines `A;B;C 12` for flamegraph.pl, inferno and speedscope; microseconds or bytes
 *     speedscope  JSON of https://www.speedscope.app/file-format-schema.json: time and allocation
 *     trace       Chrome's trace events as JSON, for Perfetto and chrome://tracing; allocation as a counter
 *
 * Each returns pieces of text, because a profile may be larger than a string.
 */
import type { Profile, ProfileFrame, ProfileNode } from "./profile.ts";
import { framePlace } from "./ranking.ts";

/** How a frame is shown in one text. */
export function frameLabel(frame: ProfileFrame): string {
  const { kind, name } = frame;
  const place = framePlace(frame);
  const named =
    kind === "option" || kind === "derivation" || kind === "attribute" ? `${kind} ${name}` : name;
  return place === "" ? named : `${named} (${place})`;
}

/** What the counts of folded stacks are: microseconds, or bytes that were allocated. */
export type FoldedMeasure = "time" | "allocated";

/** Folded stacks. Semicolons and line breaks in names become commas and spaces. */
export function* foldedStacks(
  { nodes }: Profile,
  measure: FoldedMeasure = "time",
): Generator<string> {
  const texts: string[] = [];
  for (const { frame, parent, milliseconds, bytes } of nodes) {
    const label = frameLabel(frame)
      .replaceAll(";", ",")
      .replace(/[\r\n]/g, " ");
    const text = parent < 0 ? label : `${texts[parent]};${label}`;
    texts.push(text);
    const count = measure === "time" ? Math.round(milliseconds * 1000) : bytes;
    if (count > 0) yield `${text} ${count}\n`;
  }
}

/** The frames of a profile, numbered. */
function numberFrames(nodes: readonly ProfileNode[]): Map<ProfileFrame, number> {
  const numbers = new Map<ProfileFrame, number>();
  for (const { frame } of nodes) {
    if (!numbers.has(frame)) numbers.set(frame, numbers.size);
  }
  return numbers;
}

/** The indexes of the frames of a node, outermost first. */
function stackOf(
  profile: Profile,
  numbers: ReadonlyMap<ProfileFrame, number>,
  node: number,
): number[] {
  const stack: number[] = [];
  for (let at = node; at >= 0; at = (profile.nodes[at] as ProfileNode).parent) {
    stack.push(numbers.get((profile.nodes[at] as ProfileNode).frame) as number);
  }
  return stack.reverse();
}

/** A file for speedscope. */
export function* speedscopeFile(profile: Profile, exporter: string): Generator<string> {
  const { nodes, samples, title } = profile;
  const numbers = numberFrames(nodes);
  const frames = [...numbers.keys()].map((frame) => ({
    name: frameLabel({ kind: frame.kind, name: frame.name }),
    ...(frame.file === undefined ? {} : { file: frame.file, line: frame.line, col: frame.column }),
  }));
  yield `{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":${JSON.stringify(exporter)},"name":${JSON.stringify(title)},"activeProfileIndex":0,"shared":{"frames":${JSON.stringify(frames)}},"profiles":[`;
  yield `{"type":"sampled","name":"time","unit":"milliseconds","startValue":0,"endValue":${profile.milliseconds},"samples":[`;
  for (const [i, { node }] of samples.entries()) {
    yield `${i === 0 ? "" : ","}${JSON.stringify(stackOf(profile, numbers, node))}`;
  }
  yield `],"weights":${JSON.stringify(samples.map(({ milliseconds }) => milliseconds))}}`;
  const grown = nodes.flatMap(({ bytes }, i) => (bytes > 0 ? [{ node: i, bytes }] : []));
  if (grown.length > 0) {
    const total = grown.reduce((sum, { bytes }) => sum + bytes, 0);
    yield `,{"type":"sampled","name":"allocated","unit":"bytes","startValue":0,"endValue":${total},"samples":[`;
    for (const [i, { node }] of grown.entries()) {
      yield `${i === 0 ? "" : ","}${JSON.stringify(stackOf(profile, numbers, node))}`;
    }
    yield `],"weights":${JSON.stringify(grown.map(({ bytes }) => bytes))}}`;
  }
  yield "]}\n";
}

/** Chrome's trace events: frames that successive samples share are one event. */
export function* traceEvents({ nodes, samples, title, milliseconds }: Profile): Generator<string> {
  const pathOf = (node: number): number[] => {
    const path: number[] = [];
    for (let at = node; at >= 0; at = (nodes[at] as ProfileNode).parent) path.push(at);
    return path.reverse();
  };
  yield `{"displayTimeUnit":"ms","traceEvents":[\n${JSON.stringify({ ph: "M", pid: 1, tid: 1, name: "process_name", args: { name: title } })}`;
  yield `,\n${JSON.stringify({ ph: "M", pid: 1, tid: 1, name: "thread_name", args: { name: "evaluation" } })}`;
  const micro = (time: number): number => Math.round(time * 1000);
  let open: number[] = [];
  let allocated = 0;
  for (const { node, at, milliseconds: duration, bytes } of samples) {
    const path = pathOf(node);
    let same = 0;
    while (same < open.length && same < path.length && open[same] === path[same]) same++;
    yield* endings(open.length - same, micro(at));
    for (const opened of path.slice(same)) {
      const { frame } = nodes[opened] as ProfileNode;
      const place = framePlace(frame);
      yield `,\n${JSON.stringify({ ph: "B", pid: 1, tid: 1, ts: micro(at), cat: frame.kind, name: frame.name, ...(place === "" ? {} : { args: { place } }) })}`;
    }
    open = path;
    allocated += bytes;
    if (allocated > 0) {
      const ts = micro(at + duration);
      yield `,\n${JSON.stringify({ ph: "C", pid: 1, ts, name: "allocated", args: { bytes: allocated } })}`;
    }
  }
  yield* endings(open.length, micro(milliseconds));
  yield "\n]}\n";
}

function* endings(count: number, ts: number): Generator<string> {
  for (let i = 0; i < count; i++) yield `,\n${JSON.stringify({ ph: "E", pid: 1, tid: 1, ts })}`;
}
