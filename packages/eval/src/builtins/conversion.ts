/**
 * Builtins that convert between values and the formats JSON, TOML and XML. `@nivis/formats` and
 * `operations/` read and write the texts; this file builds the values.
 */
import {
  FormatError,
  type JsonVisitor,
  type MarkedText,
  marked,
  parseJson,
  parseToml,
  plainText,
  type TomlTable,
  type TomlValue,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withPlainTrace } from "../errors/from-world.ts";
import { toJson } from "../operations/to-json.ts";
import { toXml } from "../operations/to-xml.ts";
import { NO_POS } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { type StringContext, withContext } from "../value/context.ts";
import { EMPTY_SHAPE, Shape } from "../value/shape.ts";
import { NixFloat, type Slot, type Value } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";

/** U+2400 in UTF-8, which stands for NUL in messages. */
const NUL_PICTURE = "\xe2\x90\x80";

function nullByteMessage(text: string): MarkedText {
  return marked`input string '${text.replaceAll("\0", NUL_PICTURE)}' cannot be represented as Nix string because it contains null bytes`;
}

/** The maximum number of names of a shape that is kept for later sets. */
const SHARED_NAMES = 32;

/**
 * Builds a value from the events of the JSON reader. The contents of open containers are on stacks;
 * a closed container takes its part, so that every array is allocated with its final size.
 */
class JsonValueBuilder implements JsonVisitor {
  /** The values of the open containers, innermost last, up to `valueCount`. */
  private readonly values: Slot[] = [];
  private valueCount = 0;
  /** The names of the open sets, innermost last, up to `nameCount`. */
  private readonly names: string[] = [];
  private nameCount = 0;
  /**
   * For each open container the index of its first value; for a set followed by that of its first
   * name.
   */
  private readonly starts: number[] = [];
  /**
   * The last shape for each number of names: the records of a list usually have the shape of the
   * record before.
   */
  private readonly shapes: (Shape | undefined)[] = new Array(SHARED_NAMES + 1).fill(undefined);

  constructor(private readonly ctx: EvalContext) {}

  /** The value of the whole text, once it is complete. */
  get result(): Value {
    return this.values[0] as Value;
  }

  private add(value: Value): void {
    this.ctx.limits?.work(1);
    this.values[this.valueCount++] = value;
  }

  private checked(text: string): string {
    if (text.includes("\0")) throw new EvalError("value", nullByteMessage(text));
    return text;
  }

  null(): void {
    this.add(null);
  }
  boolean(value: boolean): void {
    this.add(value);
  }
  integer(value: number | bigint): void {
    this.add(value);
  }
  unsigned(value: bigint): void {
    throw new EvalError(
      "value",
      marked`unsigned json number ${value} outside of Nix integer range`,
    );
  }
  float(value: number): void {
    this.add(new NixFloat(value));
  }
  string(value: string): void {
    this.add(this.checked(value));
  }
  startObject(): void {
    this.starts.push(this.valueCount, this.nameCount);
  }
  key(name: string): void {
    this.names[this.nameCount++] = this.checked(name);
  }
  endObject(): void {
    const firstName = this.starts.pop() as number;
    const shape = this.shapeFrom(firstName);
    const values = this.takeValues();
    if (shape !== undefined) this.add(new Attrs(shape, values));
    else {
      // The last of several equal keys counts.
      const names = this.names.slice(firstName, this.nameCount);
      this.add(Attrs.fromMap(new Map(names.map((name, i) => [name, values[i] as Slot]))));
    }
    this.nameCount = firstName;
  }
  startArray(): void {
    this.starts.push(this.valueCount);
  }
  endArray(): void {
    this.add(this.takeValues());
  }

  private takeValues(): Slot[] {
    const start = this.starts.pop() as number;
    const values = this.values.slice(start, this.valueCount);
    this.valueCount = start;
    return values;
  }

  /**
   * Returns the shape of the set whose names start at `first`; `undefined` if a name occurs twice.
   */
  private shapeFrom(first: number): Shape | undefined {
    const { names } = this;
    const count = this.nameCount - first;
    if (count === 0) return EMPTY_SHAPE;
    const last = this.shapes[count];
    if (last !== undefined) {
      let i = 0;
      while (i < count && names[first + i] === last.names[i]) i++;
      if (i === count) return last;
    }
    const own = names.slice(first, this.nameCount);
    if (new Set(own).size < count) return undefined;
    const shape = new Shape(own, null);
    if (count <= SHARED_NAMES) this.shapes[count] = shape;
    return shape;
  }
}

function fromJson(ctx: EvalContext, text: string): Value {
  const builder = new JsonValueBuilder(ctx);
  ctx.limits?.workOnText(text.length);
  try {
    parseJson(text, builder);
  } catch (error) {
    // Nix: only errors of the parser get this trace.
    throw error instanceof FormatError
      ? withPlainTrace(error, "while decoding a JSON string")
      : error;
  }
  return builder.result;
}

const TIMESTAMP_SHAPE = new Shape(["_type", "value"], null);

/** A value to convert and the place for its result. */
interface PendingToml {
  readonly value: TomlValue;
  readonly into: Slot[];
  readonly at: number;
}

/** Converts a TOML document to a value, with a stack of its own instead of recursion. */
class TomlConverter {
  private readonly pending: PendingToml[] = [];

  constructor(private readonly timestamps: boolean) {}

  convert(table: TomlTable): Value {
    const result = this.table(table);
    for (let next = this.pending.pop(); next !== undefined; next = this.pending.pop()) {
      next.into[next.at] = this.value(next.value);
    }
    return result;
  }

  private table(entries: TomlTable): Value {
    const names = Array.from(entries.keys(), (name) => this.checked(name));
    return Attrs.of(names, this.slots(Array.from(entries.values())));
  }

  private slots(values: readonly TomlValue[]): Slot[] {
    const into = new Array<Slot>(values.length).fill(null);
    for (let at = values.length - 1; at >= 0; at--) {
      this.pending.push({ value: values[at] as TomlValue, into, at });
    }
    return into;
  }

  private value(toml: TomlValue): Value {
    switch (toml.kind) {
      case "table":
        return this.table(toml.entries);
      case "array":
        return this.slots(toml.items);
      case "string":
        return this.checked(toml.value);
      case "integer":
      case "boolean":
        return toml.value;
      case "float":
        return new NixFloat(toml.value);
      case "datetime":
        if (!this.timestamps) throw tomlError("Dates and times are not supported");
        return new Attrs(TIMESTAMP_SHAPE, ["timestamp", toml.text]);
    }
  }

  private checked(text: string): string {
    // Nix: this error is caught and quoted with its own prefix.
    if (text.includes("\0")) throw tomlError(plainText(`error: ${nullByteMessage(text)}`));
    return text;
  }
}

function tomlError(message: string): EvalError {
  return new EvalError("value", marked`while parsing TOML: ${message}`).atUnknownPos();
}

/** Reading a byte of TOML, in bytes of text that are gone over. */
const READING_TOML = 256;

function fromToml(ctx: EvalContext, text: string): Value {
  ctx.limits?.workOnText(READING_TOML * text.length);
  let table: TomlTable;
  try {
    table = parseToml(text);
  } catch (error) {
    throw error instanceof FormatError ? tomlError(error.message) : error;
  }
  const timestamps = ctx.settings.experimentalFeatures.has("parse-toml-timestamps");
  return new TomlConverter(timestamps).convert(table);
}

/** A text with its context, as converters return it. */
interface ContextualText {
  readonly text: string;
  readonly context: StringContext | undefined;
}

/** The builtins of this file. */
export const conversionBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "fromJSON",
    args: args("e"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.fromJSON",
      ),
    ],
    doc:
      "The value of the JSON text *e*.\n\n" +
      `\`\`\`nix\nbuiltins.fromJSON ''{ "x": [1, 2, 3], "y": null }''\n\`\`\`\n\n` +
      "is `{ x = [ 1 2 3 ]; y = null; }`.",
    run: (ctx, text: string) => fromJson(ctx, text),
  }),
  suspending({
    name: "toJSON",
    args: args("e"),
    strict: [],
    doc:
      "*e* as JSON. Sets with `outPath` or `__toString` become that string; paths are copied to " +
      "the store; functions are an error.",
    *run(ctx, slot: Slot) {
      const result = toJson(ctx, slot, { copyPaths: true, pos: NO_POS });
      const { text, context } = (yield result) as ContextualText;
      return withContext(text, context);
    },
  }),
  plain({
    name: "fromTOML",
    args: args("e"),
    strict: [
      strict(0, "string-no-context", "while evaluating the argument passed to builtins.fromTOML"),
    ],
    doc:
      "The value of the TOML text *e*. Dates and times need the experimental feature " +
      "`parse-toml-timestamps`.\n\n" +
      `\`\`\`nix\nbuiltins.fromTOML ''\n  x = 1\n  [table]\n  y = 2\n''\n\`\`\`\n\n` +
      "is `{ table = { y = 2; }; x = 1; }`.",
    run: (ctx, text: string) => fromToml(ctx, text),
  }),
  suspending({
    name: "toXML",
    args: args("e"),
    strict: [],
    doc: "*e* as XML, in a format specific to Nix.",
    *run(ctx, slot: Slot) {
      const result = toXml(ctx, slot, { strict: true, location: false });
      const { text, context } = (yield result) as ContextualText;
      return withContext(text, context);
    },
  }),
];
