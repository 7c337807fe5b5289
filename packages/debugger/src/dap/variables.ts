/**
 * Variables of the Debug Adapter Protocol: scopes, sets, lists and unevaluated values behind numbers that
 * are valid during one stop.
 */
import {
  Attrs,
  Closure,
  EvalError,
  isList,
  type PositionTable,
  type Slot,
  Thunk,
  type Value,
} from "@nivis/eval";
import { type Bytes, decodeUtf8 } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { showSlot } from "../values.ts";

/** The most variables of one response to a client that does not ask for a part; the others are behind one more. */
const MAX_VARIABLES = 5000;

/** A name and what is behind it. */
export interface NamedSlot {
  readonly name: Bytes;
  readonly slot: Slot | undefined;
  /** An expression with this value; absent if there is none. */
  readonly path: Bytes | undefined;
}

/** What a number stands for. */
type Container =
  /** The names of a scope. */
  | { readonly kind: "names"; readonly names: readonly NamedSlot[] }
  | { readonly kind: "set"; readonly set: Attrs; readonly path: Bytes | undefined }
  | { readonly kind: "list"; readonly list: readonly Slot[]; readonly path: Bytes | undefined }
  /** A value that is evaluated when its children are asked for; it is then the only child. */
  | { readonly kind: "lazy"; readonly named: NamedSlot };

/** Evaluates a slot for the user. */
export type Force = (slot: Slot) => Promise<Value>;

/** The variables of one stop. */
export class VariableTable {
  readonly #containers: Container[] = [];
  readonly #positions: PositionTable;
  readonly #force: Force;

  constructor(positions: PositionTable, force: Force) {
    this.#positions = positions;
    this.#force = force;
  }

  /** A number for the names of a scope. */
  scope(names: readonly NamedSlot[]): number {
    return this.#add({ kind: "names", names });
  }

  /** A variable for a value or an unevaluated slot. */
  variable({ name, slot, path }: NamedSlot): DebugProtocol.Variable {
    const shown = {
      name: decodeUtf8(name),
      ...(path === undefined ? {} : { evaluateName: decodeUtf8(path) }),
    };
    if (slot === undefined) {
      return { ...shown, value: "\u00abnot bound yet\u00bb", variablesReference: 0 };
    }
    const { state, text, type, value } = showSlot(slot, this.#positions);
    const described = { ...shown, value: decodeUtf8(text), type: decodeUtf8(type) };
    if (state === "unevaluated") {
      return {
        ...described,
        variablesReference: this.#add({ kind: "lazy", named: { name, slot, path } }),
        presentationHint: { lazy: true, attributes: ["hasSideEffects"] },
      };
    }
    return { ...described, ...this.#contents(value, path), presentationHint: hintOf(value) };
  }

  /** The number of the contents of a value, and how many there are. */
  #contents(
    value: Value | undefined,
    path: Bytes | undefined,
  ): Pick<DebugProtocol.Variable, "variablesReference" | "namedVariables" | "indexedVariables"> {
    if (value instanceof Attrs && value.size() > 0) {
      return {
        variablesReference: this.#add({ kind: "set", set: value, path }),
        namedVariables: value.size(),
      };
    }
    if (value !== undefined && isList(value) && value.length > 0) {
      return {
        variablesReference: this.#add({ kind: "list", list: value, path }),
        indexedVariables: value.length,
      };
    }
    return { variablesReference: 0 };
  }

  /** The slot with a name behind a number; `undefined` if there is none, or if nothing can be seen there yet. */
  slotOf(reference: number, name: string): Slot | undefined {
    const container = this.#containers[reference - 1];
    if (container === undefined) throw new RangeError("this variable belongs to an earlier stop");
    if (container.kind === "lazy") {
      return decodeUtf8(container.named.name) === name ? container.named.slot : undefined;
    }
    return childrenOf(container).find((child) => decodeUtf8(child.name) === name)?.slot;
  }

  /** The children behind a number. Throws a `RangeError` for a number that is not valid now. */
  async children(
    reference: number,
    start = 0,
    count?: number,
  ): Promise<{ readonly variables: DebugProtocol.Variable[]; readonly wasForced: boolean }> {
    const container = this.#containers[reference - 1];
    if (container === undefined) throw new RangeError("this variable belongs to an earlier stop");
    if (container.kind === "lazy") {
      return { variables: [await this.#forced(container.named)], wasForced: true };
    }
    const isPart = count !== undefined && count > 0;
    const end = start + (isPart ? count : MAX_VARIABLES);
    const children = childrenOf(container);
    const variables = children.slice(start, end).map((child) => this.variable(child));
    const rest = isPart ? [] : children.slice(end);
    if (rest.length > 0) {
      variables.push({
        name: "\u2026",
        value: `${rest.length} more`,
        variablesReference: this.scope(rest),
        namedVariables: rest.length,
      });
    }
    return { variables, wasForced: false };
  }

  async #forced(named: NamedSlot): Promise<DebugProtocol.Variable> {
    const { name, slot, path } = named;
    try {
      return this.variable({ name, slot: await this.#force(slot as Slot), path });
    } catch (error) {
      // The thunk keeps its state if the error was only about looking at it.
      const message = error instanceof EvalError ? error.message : String(error);
      return {
        name: decodeUtf8(name),
        value: decodeUtf8(`\xc2\xaberror: ${message}\xc2\xbb`),
        variablesReference: 0,
        presentationHint: { attributes: ["failedEvaluation"] },
      };
    }
  }

  #add(container: Container): number {
    return this.#containers.push(container);
  }
}

function childrenOf(container: Exclude<Container, { kind: "lazy" }>): NamedSlot[] {
  switch (container.kind) {
    case "names":
      return [...container.names];
    case "set": {
      const { set, path } = container;
      return set.sortedNames().map((name) => ({
        name: printIdentifier(name),
        slot: set.get(name),
        path: path === undefined ? undefined : `${path}.${printIdentifier(name)}`,
      }));
    }
    case "list": {
      const { list, path } = container;
      return list.map((slot, i) => ({
        name: String(i),
        slot,
        path: path === undefined ? undefined : `(builtins.elemAt (${path}) ${i})`,
      }));
    }
  }
}

function hintOf(value: Value | undefined): DebugProtocol.VariablePresentationHint {
  if (value instanceof Closure) return { kind: "method", attributes: ["readOnly"] };
  return { kind: "data", attributes: ["readOnly"] };
}

/** The value of a slot if it is known. */
export function knownSlot(slot: Slot | undefined): Value | undefined {
  if (slot instanceof Thunk) return slot.code === null ? (slot.a as Value) : undefined;
  return slot;
}
