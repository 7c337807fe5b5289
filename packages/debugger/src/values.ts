/**
 * Values as a debugger shows them: on one line, and without evaluating anything. What is not evaluated is
 * shown by its state and its place.
 */
import {
  Attrs,
  Builtin,
  Closure,
  describePosition,
  type EvalError,
  isList,
  isString,
  PartialBuiltin,
  type PositionTable,
  printForError,
  type Slot,
  Thunk,
  textOf,
  thunkState,
  typeName,
  type Value,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";

/** A slot as it is shown. */
export interface ShownSlot {
  readonly state: "value" | "unevaluated" | "evaluating" | "failed";
  /** One line; bytes. */
  readonly text: Bytes;
  /** The type of a value, as `builtins.typeOf` names it; empty otherwise. */
  readonly type: Bytes;
  /** The value, if it is known. */
  readonly value: Value | undefined;
}

/** Names of a set that are shown on its line. */
const SHOWN_NAMES = 8;
/** Bytes of a string that are shown on its line. */
const SHOWN_BYTES = 200;

const LEFT = "\xc2\xab";
const RIGHT = "\xc2\xbb";

/** Describes a slot; evaluates nothing. */
export function showSlot(slot: Slot, positions: PositionTable): ShownSlot {
  if (!(slot instanceof Thunk)) return showValue(slot, positions);
  const { state, pos, error } = thunkState(slot);
  switch (state) {
    case "forced":
      return showValue(slot.a as Value, positions);
    case "blackhole":
      return {
        state: "evaluating",
        text: `${LEFT}being evaluated${RIGHT}`,
        type: "",
        value: undefined,
      };
    case "failed": {
      const message = (error as EvalError | undefined)?.message ?? "failed";
      return {
        state: "failed",
        text: `${LEFT}error: ${firstLine(message)}${RIGHT}`,
        type: "",
        value: undefined,
      };
    }
    case "suspended": {
      const place = pos === undefined ? "" : ` @ ${describePosition(positions, pos)}`;
      return {
        state: "unevaluated",
        text: `${LEFT}not evaluated${place}${RIGHT}`,
        type: "",
        value: undefined,
      };
    }
  }
}

function showValue(value: Value, positions: PositionTable): ShownSlot {
  return { state: "value", text: lineOf(value, positions), type: typeName(value), value };
}

/** A value on one line: of sets the names, of lists the length, of functions the parameters. */
function lineOf(value: Value, positions: PositionTable): Bytes {
  if (value instanceof Attrs) return setLine(value);
  if (isList(value)) {
    return value.length === 0 ? "[ ]" : `[ ${value.length} item${value.length === 1 ? "" : "s"} ]`;
  }
  if (value instanceof Closure) {
    const { formals, param, name } = value.code;
    const head = formals === null ? (param ?? "_") : formalsLine(formals);
    return `${LEFT}function${name === undefined ? "" : ` ${name}`} ${head}: … @ ${describePosition(positions, value.code.pos)}${RIGHT}`.replace(
      "…",
      "\xe2\x80\xa6",
    );
  }
  if (value instanceof Builtin || value instanceof PartialBuiltin) return printForError(value);
  if (isString(value)) {
    const text = textOf(value);
    return text.length <= SHOWN_BYTES
      ? printForError(value)
      : `${printForError(text.slice(0, SHOWN_BYTES))} ${LEFT}${text.length - SHOWN_BYTES} bytes more${RIGHT}`;
  }
  return printForError(value, positions);
}

function formalsLine({
  names,
  defaults,
  ellipsis,
}: NonNullable<Closure["code"]["formals"]>): Bytes {
  const shown = names.slice(0, SHOWN_NAMES).map((name, i) => (defaults[i] ? `${name}?` : name));
  if (names.length > SHOWN_NAMES || ellipsis) shown.push("...");
  return `{ ${shown.join(", ")} }`;
}

function setLine(set: Attrs): Bytes {
  const names = set.sortedNames();
  if (names.length === 0) return "{ }";
  const name = known(set.get("name"));
  const isPackage = known(set.get("type")) === "derivation";
  if (isPackage) {
    return `${LEFT}derivation${isString(name) ? ` ${textOf(name)}` : ""}${RIGHT}`;
  }
  const shown = names.slice(0, SHOWN_NAMES).map(printIdentifier).join(" ");
  const more = names.length - SHOWN_NAMES;
  return more > 0 ? `{ ${shown} +${more} }` : `{ ${shown} }`;
}

function known(slot: Slot | undefined): Value | undefined {
  if (slot instanceof Thunk) return slot.code === null ? (slot.a as Value) : undefined;
  return slot;
}

function firstLine(text: Bytes): Bytes {
  const end = text.indexOf("\n");
  return end < 0 ? text : text.slice(0, end);
}
