/**
 * NixValue: a handle of a value, which may not be evaluated yet. Looking at it evaluates as much as
 * the question needs, like Nix itself. A handle belongs to its session and is collected like any
 * other object.
 */
import {
  type AsyncOptions,
  Attrs,
  attributeDocumentation,
  bestMatches,
  CallRequest,
  CoerceMode,
  coerceToString,
  contextOf,
  decodeContextElement,
  deepForce,
  documentationOf,
  EvalError,
  equal,
  force,
  isCallable,
  isDerivation,
  isList,
  NO_POS,
  type PosIdx,
  printPretty,
  type Slot,
  type Suspendable,
  Thunk,
  type TypeName,
  textOf,
  toJson,
  toXml,
  typeName,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import {
  type NixFunction,
  type NixInput,
  NixText,
  type PlainData,
  type PlainOptions,
} from "./data.ts";
import type { Engine } from "./engine.ts";
import { describeFunction, type NixFunctionInfo } from "./function-info.ts";
import { type NixPosition, positionOf } from "./nix-error.ts";
import { plainDataOf } from "./plain-data.ts";
import { checkSchema, checkSchemaAsync, type SchemaOutput, type StandardSchema } from "./schema.ts";

/** How an asynchronous question is answered. */
export interface WaitOptions extends AsyncOptions {}

/** Options of {@link NixValue.toData}. */
export interface DataOptions<Schema extends StandardSchema = StandardSchema> extends PlainOptions {
  /** Checks the data; its output is the result. Defaults to no check. */
  readonly schema?: Schema | undefined;
}

/** Options of {@link NixValue.print}. */
export interface PrintOptions {
  /** Whether sets and lists are broken over several lines. Defaults to `false`. */
  readonly multiline?: boolean;
  /** The depth at which sets and lists print as `{ ... }` and `[ ... ]`. Defaults to none. */
  readonly maxDepth?: number;
}

/** An attribute or an element that was selected, and where it is defined. */
interface Selected {
  readonly slot: Slot;
  readonly pos: PosIdx;
}

/**
 * A value of Nix that may not be evaluated yet.
 *
 * Properties and methods evaluate what they need and throw a `NixError` if that fails. If it has to
 * wait for a promise, that error has the kind `would-wait`: use the method whose name ends in
 * `Async`, or `forceAsync` first.
 */
export class NixValue implements Iterable<NixValue> {
  readonly #engine: Engine;
  readonly #slot: Slot;
  readonly #pos: PosIdx;

  /** @internal */
  constructor(engine: Engine, slot: Slot, pos: PosIdx = NO_POS) {
    this.#engine = engine;
    this.#slot = slot;
    this.#pos = pos;
  }

  /** @internal */
  static slotOf(value: NixValue, engine: Engine): Slot {
    if (value.#engine !== engine) {
      throw new TypeError("the NixValue belongs to another session");
    }
    return value.#slot;
  }

  /** Whether it has been evaluated to a value whose type is known. */
  get isForced(): boolean {
    return !(this.#slot instanceof Thunk) || this.#slot.code === null;
  }

  /** The type, as `builtins.typeOf` names it. */
  get type(): TypeName {
    return typeName(this.#value());
  }

  /** Whether it can be called: a function, or a set with `__functor`. */
  get isCallable(): boolean {
    return isCallable(this.#value());
  }

  /** Whether it is a set with the `type` `"derivation"`. */
  get isDerivation(): boolean {
    const value = this.#value();
    return value instanceof Attrs && this.#engine.run(isDerivation(value));
  }

  /** The number of elements of a list or attributes of a set. */
  get length(): number {
    const value = this.#value();
    if (isList(value)) return value.length;
    return this.#set(value, "a list or a set").size();
  }

  /** Where a function, or else the attribute that leads to this value, is defined. */
  get position(): NixPosition | undefined {
    const { evaluation } = this.#engine;
    const info = this.isForced ? describeFunction(evaluation.context, this.#value()) : undefined;
    return positionOf(evaluation, info?.pos ?? this.#pos);
  }

  /**
   * The documentation in Markdown: that of a builtin, the doc comment `/** … *\/` of a function, or of
   * the attribute that leads to this value.
   */
  get doc(): string | undefined {
    const engine = this.#engine;
    const { context } = engine.evaluation;
    const own = engine.run(documentationOf(context, this.#value()))?.text;
    const text = own ?? attributeDocumentation(context, this.#pos);
    return text === undefined ? undefined : decodeUtf8(text);
  }

  /** What is known of a function: its arguments, its formals; `undefined` for other values. */
  get function(): NixFunctionInfo | undefined {
    return describeFunction(this.#engine.evaluation.context, this.#value())?.info;
  }

  /** Evaluates until the type is known; returns this handle. */
  force(): this {
    this.#value();
    return this;
  }

  /** {@link force}, or the whole value if `deep` is set, where the world may have to be waited for. */
  async forceAsync(options: WaitOptions & { readonly deep?: boolean } = {}): Promise<this> {
    const { context } = this.#engine.evaluation;
    const work = options.deep === true ? deepForce(context, this.#slot) : force(this.#slot);
    await this.#engine.runAsync<unknown>(work, options);
    return this;
  }

  /**
   * Returns the value that names and indexes lead to, without evaluating it. Each argument is one
   * name, which may contain dots. Throws a `NixError` of kind `missing-attribute` if there is none.
   */
  get(...path: readonly (string | number)[]): NixValue {
    return this.#handle(this.#engine.run(follow(this.#start, path)));
  }

  /** {@link get} where the world may have to be waited for. */
  async getAsync(path: readonly (string | number)[], options: WaitOptions = {}): Promise<NixValue> {
    return this.#handle(await this.#engine.runAsync(follow(this.#start, path), options));
  }

  get #start(): Selected {
    return { slot: this.#slot, pos: this.#pos };
  }

  #handle({ slot, pos }: Selected): NixValue {
    return new NixValue(this.#engine, slot, pos);
  }

  /** Whether names and indexes lead to a value, like `?` of Nix. */
  has(...path: readonly (string | number)[]): boolean {
    return this.#engine.run(leadsSomewhere(this.#slot, path));
  }

  /** The names of the attributes of a set, in the order of their bytes. */
  keys(): string[] {
    return this.#set(this.#value(), "a set").sortedNames().map(decodeUtf8);
  }

  /** The attributes of a set, in the order of their names. */
  *entries(): Generator<[string, NixValue], void, undefined> {
    const set = this.#set(this.#value(), "a set");
    for (const name of set.sortedNames()) {
      const pos = set.positionOf(name);
      yield [decodeUtf8(name), this.#handle({ slot: set.get(name) as Slot, pos })];
    }
  }

  /** The elements of a list, or the values of a set in the order of their names. */
  *[Symbol.iterator](): Generator<NixValue, void, undefined> {
    const value = this.#value();
    if (isList(value)) {
      for (const slot of value) yield this.#handle({ slot, pos: NO_POS });
    } else {
      for (const [, item] of this.entries()) yield item;
    }
  }

  /** Calls the value with arguments, one after the other, and returns the result. */
  call(...args: readonly NixInput[]): NixValue {
    return new NixValue(this.#engine, this.#engine.run(this.#call(args)));
  }

  /** {@link call} where the world, or a function of the host, may have to be waited for. */
  async callAsync(args: readonly NixInput[], options: WaitOptions = {}): Promise<NixValue> {
    return new NixValue(this.#engine, await this.#engine.runAsync(this.#call(args), options));
  }

  #call(args: readonly NixInput[]): Suspendable<Value> {
    const slots = args.map((argument, i) => this.#engine.slot(argument, `argument ${i + 1}`));
    return callValue(this.#slot, slots);
  }

  /** Returns a function of JavaScript that calls the value and converts the result. */
  toFunction(options: PlainOptions = {}): NixFunction {
    return (...args) => this.call(...args).toData(options);
  }

  /** {@link toFunction} for functions that may have to wait. */
  toAsyncFunction(
    options: PlainOptions & WaitOptions = {},
  ): (...args: NixInput[]) => Promise<PlainData> {
    return async (...args) => (await this.callAsync(args, options)).toDataAsync(options);
  }

  /**
   * Evaluates the whole value and returns it as data; checked by the schema if the options have one.
   * Throws a `NixError` for values that are not data, and a `NixSchemaError`.
   */
  toData<Schema extends StandardSchema>(
    options: DataOptions<Schema> & { readonly schema: Schema },
  ): SchemaOutput<Schema>;
  toData(options?: DataOptions): PlainData;
  toData({ schema, ...plain }: DataOptions = {}): unknown {
    const data = this.#engine.run(this.#data(plain));
    return schema === undefined ? data : checkSchema(schema, data, (path) => this.#locate(path));
  }

  /** {@link toData} where the world may have to be waited for. */
  toDataAsync<Schema extends StandardSchema>(
    options: DataOptions<Schema> & WaitOptions & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  toDataAsync(options?: DataOptions & WaitOptions): Promise<PlainData>;
  async toDataAsync({ schema, ...options }: DataOptions & WaitOptions = {}): Promise<unknown> {
    const data = await this.#engine.runAsync(this.#data(options), options);
    if (schema === undefined) return data;
    return checkSchemaAsync(schema, data, (path) => this.#locate(path));
  }

  #data(options: PlainOptions): Suspendable<PlainData> {
    const engine = this.#engine;
    const { values, depth } = engine.limits;
    const limited = {
      ...(values === undefined ? {} : { maxValues: values }),
      ...(depth === undefined ? {} : { maxDepth: depth }),
      ...options,
    };
    return plainDataOf(engine.evaluation.context, this.#slot, limited, engine);
  }

  /** Where the attribute at a path, or the closest one around it, is defined; forces nothing. */
  #locate(path: readonly (string | number)[]): NixPosition | undefined {
    let pos = this.#pos;
    let slot: Slot | undefined = this.#slot;
    for (const key of path) {
      const value: Slot | undefined = slot instanceof Thunk && slot.code === null ? slot.a : slot;
      if (isList(value)) slot = value[Number(key)];
      else if (value instanceof Attrs) {
        const name = encodeUtf8(String(key));
        slot = value.get(name);
        if (slot !== undefined) pos = value.positionOf(name);
      } else break;
    }
    return positionOf(this.#engine.evaluation, pos);
  }

  /**
   * Evaluates the whole value and returns what `JSON.stringify` makes the text of
   * `builtins.toJSON` of. Integers that are not safe lose digits; {@link json} has all of them.
   */
  toJSON(): unknown {
    return JSON.parse(this.json());
  }

  /** Evaluates the whole value and returns the JSON text of `builtins.toJSON`; paths are not copied. */
  json(): string {
    return decodeUtf8(this.#engine.run(this.#json()).text);
  }

  /** {@link json} where the world may have to be waited for. */
  async jsonAsync(options: WaitOptions = {}): Promise<string> {
    return decodeUtf8((await this.#engine.runAsync(this.#json(), options)).text);
  }

  #json(): ReturnType<typeof toJson> {
    return toJson(this.#engine.evaluation.context, this.#slot, { copyPaths: false, pos: NO_POS });
  }

  /** Evaluates the whole value and returns the text of `builtins.toXML`. */
  xml(): string {
    const { context } = this.#engine.evaluation;
    const form = { strict: true, location: false };
    return decodeUtf8(this.#engine.run(toXml(context, this.#slot, form)).text);
  }

  /**
   * Evaluates the whole value and prints it as `nix eval` does. A part that fails prints as
   * `«error: …»`.
   */
  print(options: PrintOptions = {}): string {
    return decodeUtf8(this.#engine.run(this.#print(options)));
  }

  /** {@link print} where the world may have to be waited for. */
  async printAsync(options: PrintOptions & WaitOptions = {}): Promise<string> {
    return decodeUtf8(await this.#engine.runAsync(this.#print(options), options));
  }

  #print({ multiline = false, maxDepth }: PrintOptions): Suspendable<string> {
    return printPretty(this.#engine.evaluation.context, this.#slot, {
      ...(multiline ? { indent: 2 } : {}),
      ...(maxDepth === undefined ? {} : { maxDepth }),
    });
  }

  /**
   * Converts the value to a string as an interpolation does: strings, paths, and sets with
   * `outPath` or `__toString`. `copyPaths` copies paths to the store, like an interpolation; it
   * defaults to `false`.
   */
  string({ copyPaths = false }: { readonly copyPaths?: boolean } = {}): NixText {
    const { context } = this.#engine.evaluation;
    const mode = copyPaths ? CoerceMode.CopyPaths : CoerceMode.Weak;
    const found = this.#engine.run(coerceToString(context, this.#slot, mode, NO_POS, ""));
    const elements = Array.from(contextOf(found) ?? [], decodeContextElement);
    return new NixText(decodeUtf8(textOf(found)), elements);
  }

  /** Whether the value equals another one, as `==` of Nix decides. */
  equals(other: NixInput): boolean {
    const { context } = this.#engine.evaluation;
    const slot = this.#engine.slot(other, "the other value");
    return this.#engine.run(equal(context, this.#slot, slot));
  }

  #value(): Value {
    const slot = this.#slot;
    if (!(slot instanceof Thunk)) return slot;
    return slot.code === null ? (slot.a as Value) : this.#engine.run(force(slot));
  }

  #set(value: Value, expected: string): Attrs {
    if (value instanceof Attrs) return value;
    throw this.#engine.errorOf(
      new EvalError("type", `expected ${expected} but found ${typeWithArticle(value)}`),
    );
  }
}

function* leadsSomewhere(start: Slot, path: readonly (string | number)[]): Suspendable<boolean> {
  let slot: Slot | undefined = start;
  for (const key of path) {
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    if (typeof key === "number") slot = isList(value) ? value[key] : undefined;
    else slot = value instanceof Attrs ? value.get(encodeUtf8(key)) : undefined;
    if (slot === undefined) return false;
  }
  return true;
}

/** Follows names and indexes; does not force the slot at the end. */
function* follow(start: Selected, path: readonly (string | number)[]): Suspendable<Selected> {
  let at = start;
  for (const key of path) {
    const { slot } = at;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    at = typeof key === "number" ? itemOf(value, key) : attributeOf(value, key);
  }
  return at;
}

function itemOf(value: Value, index: number): Selected {
  if (!isList(value)) {
    throw new EvalError("type", `expected a list but found ${typeWithArticle(value)}`);
  }
  const slot = value[index];
  if (slot !== undefined) return { slot, pos: NO_POS };
  throw new EvalError("missing-attribute", `list index ${index} is out of bounds`);
}

function attributeOf(value: Value, key: string): Selected {
  if (!(value instanceof Attrs)) {
    throw new EvalError("type", `expected a set but found ${typeWithArticle(value)}`);
  }
  const name = encodeUtf8(key);
  const slot = value.get(name);
  if (slot !== undefined) return { slot, pos: value.positionOf(name) };
  const error = new EvalError("missing-attribute", `attribute '${name}' missing`);
  throw error.suggest(bestMatches(value.names(), name));
}

/** The largest number of arguments of one request. */
const MAX_ARGUMENTS = 8;

function* callValue(callee: Slot, args: readonly Slot[]): Suspendable<Value> {
  let value = (callee instanceof Thunk ? yield callee : callee) as Value;
  for (let at = 0; at < args.length; at += MAX_ARGUMENTS) {
    const some = args.slice(at, at + MAX_ARGUMENTS);
    value = (yield new CallRequest(value, some, NO_POS)) as Value;
  }
  return value;
}
