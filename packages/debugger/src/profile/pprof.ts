/**
 * Profiles for pprof: the message `Profile` of profile.proto, uncompressed; `go tool pprof` and other
 * readers accept it with and without gzip. Source: proto/profile.proto of google/pprof.
 *
 * The format needs variable-length integers and nested messages only, so it is written by hand. Each
 * sample has three values (samples, nanoseconds, bytes) and the labels `package` and `option`, by which
 * pprof can group (`-tagroot=package`, `-tagfocus`).
 */
import { encodeUtf8 } from "@nivis/formats";
import type { Profile, ProfileFrame } from "./profile.ts";

/** A protobuf message under construction. */
class Message {
  readonly #bytes: number[] = [];

  /** Adds a field with an integer; 0 is the default and is left out. */
  integer(field: number, value: number): this {
    if (value !== 0) {
      this.#number(field * 8);
      this.#number(value);
    }
    return this;
  }

  /** Adds a field with integers in packed form. */
  integers(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#number(value);
    return this.message(field, packed);
  }

  message(field: number, message: Message): this {
    return this.bytes(field, message.#bytes);
  }

  text(field: number, text: string): this {
    return this.bytes(
      field,
      Array.from(encodeUtf8(text), (char) => char.charCodeAt(0)),
    );
  }

  bytes(field: number, bytes: ArrayLike<number>): this {
    this.#number(field * 8 + 2);
    this.#number(bytes.length);
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i] as number);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** Writes seven bits a byte, the lowest first. Divides, because values exceed 32 bits. */
  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes.push(rest);
  }
}

/** The table of all texts of a profile; the first is empty. */
class Texts {
  readonly #numbers = new Map<string, number>([["", 0]]);

  numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(text, number);
    }
    return number;
  }

  all(): Iterable<string> {
    return this.#numbers.keys();
  }
}

const NANOSECONDS_PER_MILLISECOND = 1e6;

/** Returns the file of a profile. `begun` is the time of its beginning in milliseconds since 1970. */
export function pprofFile(profile: Profile, begun: number): Uint8Array {
  const texts = new Texts();
  const file = new Message();
  const type = (name: string, unit: string): Message =>
    new Message().integer(1, texts.numberOf(name)).integer(2, texts.numberOf(unit));
  file
    .message(1, type("samples", "count"))
    .message(1, type("time", "nanoseconds"))
    .message(1, type("alloc_space", "bytes"));
  const locations = new Map<ProfileFrame, number>();
  const locationOf = (frame: ProfileFrame): number => {
    let id = locations.get(frame);
    if (id === undefined) {
      id = locations.size + 1;
      locations.set(frame, id);
    }
    return id;
  };
  /** The locations of each node, innermost first, and the innermost landmarks. */
  const stacks: { readonly ids: readonly number[]; readonly label: Labels }[] = [];
  for (const { frame, parent, samples, milliseconds, bytes } of profile.nodes) {
    const outer = parent < 0 ? { ids: [], label: {} } : (stacks[parent] as (typeof stacks)[number]);
    const ids = [locationOf(frame), ...outer.ids];
    const label = labelsIn(frame, outer.label);
    stacks.push({ ids, label });
    if (samples === 0 && bytes === 0) continue;
    const nanoseconds = Math.round(milliseconds * NANOSECONDS_PER_MILLISECOND);
    const sample = new Message().integers(1, ids).integers(2, [samples, nanoseconds, bytes]);
    for (const [key, value] of Object.entries(label)) {
      sample.message(
        3,
        new Message().integer(1, texts.numberOf(key)).integer(2, texts.numberOf(value)),
      );
    }
    file.message(2, sample);
  }
  for (const [frame, id] of locations) {
    const line = new Message().integer(1, id).integer(2, frame.line ?? 0);
    file.message(4, new Message().integer(1, id).message(4, line));
    file.message(
      5,
      new Message()
        .integer(1, id)
        .integer(2, texts.numberOf(functionName(frame)))
        .integer(3, texts.numberOf(frame.name))
        .integer(4, texts.numberOf(frame.file ?? ""))
        .integer(5, frame.line ?? 0),
    );
  }
  file.integer(9, begun * NANOSECONDS_PER_MILLISECOND);
  file.integer(10, Math.round(profile.milliseconds * NANOSECONDS_PER_MILLISECOND));
  file.message(11, type("time", "nanoseconds"));
  file.integer(14, texts.numberOf("time"));
  for (const text of texts.all()) file.text(6, text);
  return file.finish();
}

/** pprof tells functions apart by their names alone, so those without one get their place. */
function functionName({ name, file, line, column }: ProfileFrame): string {
  if (file === undefined || !name.startsWith("(")) return name;
  return `${name} ${file.slice(file.lastIndexOf("/") + 1)}:${line}:${column}`;
}

type Labels = { readonly package?: string; readonly option?: string };

function labelsIn({ kind, name }: ProfileFrame, outer: Labels): Labels {
  if (kind === "option") return { ...outer, option: name };
  return kind === "attribute" || kind === "derivation" ? { ...outer, package: name } : outer;
}
