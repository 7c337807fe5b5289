/**
 * Reading `flake.nix`: its description, inputs and settings, with the checks and messages of C++ Nix
 * (`readFlake` in libflake/flake.cc). `outputs` is looked at for the names of its arguments only.
 *
 * The values come from the syntax tree (see trivial-value.ts), so that no evaluator is needed.
 */
import {
  encodeUtf8,
  type FlakeRef,
  flakeRefFromAttrs,
  type InputAttr,
  InputError,
  marked,
  parseFlakeRef,
  type RequireFeature,
  type TextPlace,
  withNoteAdded,
} from "@nivis/formats";
import { type Expr, NodeKind, parse, Resolver, SourceFile, type Var } from "@nivis/syntax";
import { type InputPath, parseInputPath } from "./input-path.ts";
import { formatJsonTree, type JsonTree } from "./json-tree.ts";
import {
  describeType,
  hasComputedNames,
  type TrivialAttr,
  type TrivialValue,
  trivialAttrs,
} from "./trivial-value.ts";

/** An input as `flake.nix` declares it. */
export interface FlakeInput {
  /** What to fetch; `undefined` if the input follows another one or is looked up by its name. */
  readonly ref: FlakeRef | undefined;
  /** Whether it is evaluated; otherwise it is a tree of sources. */
  readonly isFlake: boolean;
  /** The path from the root of the lock file of the input that this one is. */
  readonly follows: InputPath | undefined;
  /** What is declared for the inputs of this input. */
  readonly overrides: FlakeInputs;
}

/** Inputs by name. */
export type FlakeInputs = ReadonlyMap<string, FlakeInput>;

/** A value of `nixConfig`. */
export type FlakeSetting =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  /** A path in the tree of the flake, which is to be copied to the store. */
  | { readonly path: string };

/** What `flake.nix` says. */
export interface FlakeFile {
  readonly description: string | undefined;
  readonly inputs: FlakeInputs;
  /** What `inputs.self` asks of the flake's own fetch. */
  readonly selfAttrs: ReadonlyMap<string, InputAttr>;
  readonly settings: ReadonlyMap<string, FlakeSetting>;
}

/** A text to read. */
export interface FlakeSource {
  /** The bytes of the file. */
  readonly text: string;
  /** The file as messages call it. */
  readonly display: string;
  /** The directory of the flake in its tree: `/` or `/sub`. */
  readonly directory: string;
  /** That directory as messages call it. */
  readonly directoryDisplay: string;
  /** The flake as messages call it. */
  readonly ref: string;
  /** The path of the flake in the lock file that is being computed; what `follows` begins with. */
  readonly lockPath: InputPath;
}

/** What reading may need of its caller. */
export interface ReadFlakeOptions {
  readonly require?: RequireFeature;
  readonly warn?: (message: string) => void;
  /** Told of each `flake.nix` that is read, as messages call it. */
  readonly reading?: ((display: string) => void) | undefined;
}

const NO_POS = -1;
const NO_POSITION = encodeUtf8("«none»:0");

/**
 * Reads `flake.nix`.
 *
 * @throws {InputError} for what is no flake, in the words of C++ Nix and with a place.
 */
export function readFlakeFile(source: FlakeSource, options: ReadFlakeOptions = {}): FlakeFile {
  return new FlakeFileReader(source, options).read();
}

class FlakeFileReader {
  readonly #source: FlakeSource;
  readonly #options: ReadFlakeOptions;
  readonly #file: SourceFile;

  constructor(source: FlakeSource, options: ReadFlakeOptions) {
    this.#source = source;
    this.#options = options;
    const origin = {
      kind: "file" as const,
      get path() {
        return source.display;
      },
    };
    this.#file = new SourceFile(origin, source.text);
  }

  read(): FlakeFile {
    const attrs = this.#attrs();
    const find = (name: string): TrivialAttr | undefined => attrs.find((one) => one.name === name);
    const description = find("description");
    if (description !== undefined) this.#expect("string", description.value, description.pos);
    const declared = find("inputs");
    const { inputs, selfAttrs } =
      declared === undefined
        ? { inputs: new Map<string, FlakeInput>(), selfAttrs: new Map<string, InputAttr>() }
        : this.#inputs(declared.value, declared.pos, true);
    this.#addArguments(find("outputs"), inputs);
    const settings = this.#settings(find("nixConfig"));
    const known = ["description", "inputs", "outputs", "nixConfig"];
    for (const { name, pos } of attrs) {
      if (known.includes(name)) continue;
      const where = this.#position(pos);
      throw this.#error(
        `flake '${this.#source.ref}' has an unsupported attribute '${name}', at ${where}`,
      );
    }
    return {
      description: description?.value.type === "string" ? description.value.value : undefined,
      inputs,
      selfAttrs,
      settings,
    };
  }

  #attrs(): readonly TrivialAttr[] {
    const { directory } = this.#source;
    const { expr, firstError } = parse(this.#file, { basePath: directory, home: undefined });
    if (firstError !== undefined) throw this.#error(firstError.message, firstError.pos);
    this.#refuseUndefinedVariables(expr);
    const attrs = trivialAttrs(expr);
    if (attrs === undefined) {
      const { display } = this.#source;
      throw withNoteAdded(
        this.#error(`file '${display}' must be an attribute set`),
        () => marked`while evaluating the file '${display}':`,
      );
    }
    this.#refuseComputedNames(expr);
    return attrs;
  }

  /** C++ Nix refuses a file with such names before it looks at what is in it. */
  #refuseUndefinedVariables(expr: Expr): void {
    let first: Var | undefined;
    new Resolver({
      undefinedVariable: (variable) => {
        if (first === undefined || variable.start < first.start) first = variable;
      },
    }).walk(expr);
    if (first !== undefined) throw this.#error(`undefined variable '${first.name}'`, first.pos);
  }

  #refuseComputedNames(expr: Expr): void {
    if (expr.kind !== NodeKind.AttrSet || !hasComputedNames(expr)) return;
    throw this.#error(
      `file '${this.#source.display}' has attributes whose names must be computed, which Nivis does not do in a flake.nix; write the names out`,
    );
  }

  #inputs(
    value: TrivialValue,
    pos: number,
    allowSelf: boolean,
  ): { inputs: Map<string, FlakeInput>; selfAttrs: Map<string, InputAttr> } {
    const inputs = new Map<string, FlakeInput>();
    const selfAttrs = new Map<string, InputAttr>();
    for (const attr of this.#expect("set", value, pos).attrs()) {
      if (attr.name !== "self") {
        inputs.set(attr.name, this.#input(attr.value, attr.pos));
        continue;
      }
      if (!allowSelf) {
        throw this.#error(`'self' input attribute not allowed at ${this.#position(attr.pos)}`);
      }
      for (const own of this.#expect("set", attr.value, attr.pos).attrs()) {
        selfAttrs.set(own.name, this.#inputAttr(own));
      }
    }
    return { inputs, selfAttrs };
  }

  #input(value: TrivialValue, pos: number): FlakeInput {
    const set = this.#expect("set", value, pos);
    const attrs = new Map<string, InputAttr>();
    let url: string | undefined;
    let isFlake = true;
    let follows: InputPath | undefined;
    let overrides: FlakeInputs = new Map();
    for (const attr of set.attrs()) {
      this.#noting(`while evaluating flake attribute '${attr.name}'`, attr.pos, () => {
        switch (attr.name) {
          case "url":
            url = this.#url(attr);
            attrs.set("url", url);
            break;
          case "flake":
            isFlake = this.#expect("bool", attr.value, attr.pos).value;
            break;
          case "inputs":
            overrides = this.#inputs(attr.value, attr.pos, false).inputs;
            break;
          case "follows": {
            const text = this.#expect("string", attr.value, attr.pos).value;
            follows = [...this.#source.lockPath, ...parseInputPath(text)];
            break;
          }
          default:
            attrs.set(attr.name, this.#inputAttr(attr));
        }
      });
    }
    const ref = this.#ref(attrs, url, isFlake, pos);
    if (ref !== undefined && follows !== undefined) {
      const where = this.#position(pos);
      throw this.#error(
        `flake input has both a flake reference and a follows attribute, at ${where}`,
      );
    }
    return { ref, isFlake, follows, overrides };
  }

  #ref(
    attrs: Map<string, InputAttr>,
    url: string | undefined,
    isFlake: boolean,
    pos: number,
  ): FlakeRef | undefined {
    if (attrs.has("type")) {
      return this.#noting("while evaluating flake input", pos, () =>
        flakeRefFromAttrs(attrs, this.#options),
      );
    }
    attrs.delete("url");
    const [unexpected] = [...attrs.keys()].sort();
    if (unexpected !== undefined) {
      const where = this.#position(pos);
      throw this.#error(`unexpected flake input attribute '${unexpected}', at ${where}`);
    }
    if (url === undefined) return undefined;
    return parseFlakeRef(url, { ...this.#options, isFlake, keepRelativePaths: true });
  }

  #url({ value, pos }: TrivialAttr): string {
    if (value.type === "string") return value.value;
    if (value.type !== "path") {
      const got = describeType(value.type);
      throw this.#error(`expected a string or a path but got ${got} at ${this.#position(pos)}`);
    }
    if (!value.inTree) {
      const { directoryDisplay } = this.#source;
      throw this.#error(
        `input attribute path '${value.value}' at ${this.#position(pos)} must be in the same source tree as ${directoryDisplay}`,
      );
    }
    return `path:${relativePath(this.#source.directory, value.value)}`;
  }

  #inputAttr({ name, value, pos }: TrivialAttr): InputAttr {
    switch (value.type) {
      case "string":
      case "bool":
      case "int":
        return value.value;
      default:
        if (name === "publicKeys") {
          this.#options.require?.("verified-fetches");
          return formatJsonTree(this.#json(value, pos), "");
        }
        throw this.#error(
          `flake input attribute '${name}' is ${describeType(value.type)} while a string, Boolean, or integer is expected`,
        );
    }
  }

  /** The value as JSON, as `publicKeys` is kept. */
  #json(value: TrivialValue, pos: number): JsonTree {
    switch (value.type) {
      case "string":
      case "bool":
      case "int":
        return value.value;
      case "null":
        return null;
      case "list":
        return value.items().map((item) => this.#json(item, pos));
      case "set":
        return new Map(
          value.attrs().map((attr) => [attr.name, this.#json(attr.value, attr.pos)] as const),
        );
      default:
        throw this.#error(
          `cannot convert ${describeType(value.type)} to JSON at ${this.#position(pos)}`,
        );
    }
  }

  /** The formal arguments of `outputs` are inputs, too. */
  #addArguments(outputs: TrivialAttr | undefined, inputs: Map<string, FlakeInput>): void {
    if (outputs === undefined) {
      throw this.#error(`flake '${this.#source.ref}' lacks attribute 'outputs'`);
    }
    const { lambda } = this.#expect("function", outputs.value, outputs.pos);
    for (const { name } of lambda?.formals?.formals ?? []) {
      if (name === "self" || inputs.has(name)) continue;
      inputs.set(name, {
        ref: parseFlakeRef(name, this.#options),
        isFlake: true,
        follows: undefined,
        overrides: new Map(),
      });
    }
  }

  #settings(attr: TrivialAttr | undefined): ReadonlyMap<string, FlakeSetting> {
    const settings = new Map<string, FlakeSetting>();
    if (attr === undefined) return settings;
    for (const { name, value } of this.#expect("set", attr.value, attr.pos).attrs()) {
      settings.set(name, this.#setting(name, value));
    }
    return settings;
  }

  #setting(name: string, value: TrivialValue): FlakeSetting {
    switch (value.type) {
      case "string":
      case "bool":
      case "int":
        return value.value;
      case "path":
        return { path: value.value };
      case "list":
        return value.items().map((item) => {
          if (item.type === "string") return item.value;
          // Nix: the message describes the list.
          throw this.#error(
            `list element in flake configuration setting '${name}' is a list while a string is expected`,
          );
        });
      default:
        throw this.#error(`flake configuration setting '${name}' is ${describeType(value.type)}`);
    }
  }

  #expect<Type extends TrivialValue["type"]>(
    type: Type,
    value: TrivialValue,
    pos: number,
  ): Extract<TrivialValue, { type: Type }> {
    if (value.type === type) return value as Extract<TrivialValue, { type: Type }>;
    throw this.#error(
      `expected ${describeType(type)} but got ${describeType(value.type)} at ${this.#position(pos)}`,
    );
  }

  #noting<Result>(note: string, pos: number, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw withNoteAdded(error, () => note, this.#place(pos));
    }
  }

  #position(pos: number): string {
    if (pos === NO_POS) return NO_POSITION;
    const { line, column } = this.#file.lineColumn(pos);
    return `${this.#source.display}:${line}:${column}`;
  }

  #place(pos: number | undefined): TextPlace | undefined {
    if (pos === undefined || pos === NO_POS) return undefined;
    const { display: file, text } = this.#source;
    return { file, text, offset: pos };
  }

  #error(message: string, pos?: number): InputError {
    return new InputError(message, 1, this.#place(pos));
  }
}

/** The way from one absolute path to another; both are canonical. */
export function relativePath(from: string, to: string): string {
  const names = (path: string): string[] => path.split("/").filter((name) => name !== "");
  const start = names(from);
  const goal = names(to);
  let common = 0;
  while (common < start.length && common < goal.length && start[common] === goal[common]) common++;
  const way = [...start.slice(common).map(() => ".."), ...goal.slice(common)];
  return way.length === 0 ? "." : way.join("/");
}
