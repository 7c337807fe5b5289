/**
 * The functions of the library for one question: each opens a session, asks, and ends the session.
 * The platform decides what a session is by default, so these functions are made for a platform.
 */
import type { FileUrl, PlainData } from "./data.ts";
import {
  type EvaluateAsyncOptions,
  type EvaluateOptions,
  Nix,
  type NixHost,
  type NixOptions,
} from "./nix.ts";
import type { SchemaOutput, StandardSchema } from "./schema.ts";
import type { NixSource } from "./template.ts";

/** The options of {@link FrontDoor.evaluate}: those of the session and of the question. */
export interface OneOptions<Schema extends StandardSchema = StandardSchema>
  extends Omit<NixOptions, "basePath">,
    EvaluateOptions<Schema> {}

/** The options of {@link FrontDoor.evaluateAsync}. */
export interface OneAsyncOptions<Schema extends StandardSchema = StandardSchema>
  extends Omit<NixOptions, "basePath">,
    EvaluateAsyncOptions<Schema> {}

/** A function from a text, a path or a reference to data. */
export interface Evaluate<Source> {
  /** The result is checked by the schema and has its type. Throws a `NixSchemaError`. */
  <Schema extends StandardSchema>(
    source: Source,
    options: OneOptions<Schema> & { readonly schema: Schema },
  ): SchemaOutput<Schema>;
  /**
   * Throws a `NixError` if evaluation or conversion fails, and a `TypeError` for options that make no
   * sense.
   */
  (source: Source, options?: OneOptions): PlainData;
}

/** {@link Evaluate} with a promise, which is rejected with the same errors. */
export interface EvaluateAsync<Source> {
  <Schema extends StandardSchema>(
    source: Source,
    options: OneAsyncOptions<Schema> & { readonly schema: Schema },
  ): Promise<SchemaOutput<Schema>>;
  (source: Source, options?: OneAsyncOptions): Promise<PlainData>;
}

/** The functions of the library on one platform. */
export interface FrontDoor {
  /** Opens a session. */
  createNix(options?: NixOptions): Nix;
  /** Evaluates a text deeply and returns its value as data. */
  readonly evaluate: Evaluate<string | NixSource>;
  /** {@link evaluate} where the world may have to be waited for. */
  readonly evaluateAsync: EvaluateAsync<string | NixSource>;
  /** Evaluates a file, or the `default.nix` of a directory, deeply and returns its value as data. */
  readonly evaluateFile: Evaluate<string | FileUrl>;
  /** {@link evaluateFile} where the world may have to be waited for. */
  readonly evaluateFileAsync: EvaluateAsync<string | FileUrl>;
  /** Evaluates an attribute of a flake deeply and returns its value as data. */
  readonly evaluateFlake: Evaluate<string>;
  /** {@link evaluateFlake} where the world may have to be waited for. */
  readonly evaluateFlakeAsync: EvaluateAsync<string>;
}

/** What ends the session of a question; nothing if its answer may contain handles. */
function endOf(nix: Nix, { plain = {} }: OneOptions): Disposable | undefined {
  const { functions, derivations } = plain;
  const hasHandles = functions === "value" || functions === "function" || derivations === "value";
  return hasHandles ? undefined : nix;
}

/** Returns the functions of the library for a platform. */
export function frontDoor(host: NixHost): FrontDoor {
  const createNix = (options: NixOptions = {}): Nix => new Nix(options, host);
  const one = <Source>(
    ask: (nix: Nix, source: Source, options: EvaluateOptions) => unknown,
  ): Evaluate<Source> =>
    ((source: Source, options: OneOptions = {}) => {
      const { basePath: _, ...question } = options;
      const nix = createNix(options);
      using _end = endOf(nix, options);
      return ask(nix, source, question);
    }) as Evaluate<Source>;
  const oneAsync = <Source>(
    ask: (nix: Nix, source: Source, options: EvaluateAsyncOptions) => Promise<unknown>,
  ): EvaluateAsync<Source> =>
    (async (source: Source, options: OneAsyncOptions = {}) => {
      const { basePath: _, ...question } = options;
      const nix = createNix(options);
      using _end = endOf(nix, options);
      return await ask(nix, source, question);
    }) as EvaluateAsync<Source>;
  return {
    createNix,
    evaluate: one((nix, source, options) => nix.evaluate(source, options)),
    evaluateAsync: oneAsync((nix, source, options) => nix.evaluateAsync(source, options)),
    evaluateFile: one((nix, source, options) => nix.evaluateFile(source, options)),
    evaluateFileAsync: oneAsync((nix, source, options) => nix.evaluateFileAsync(source, options)),
    evaluateFlake: one((nix, source, options) => nix.evaluateFlake(source, options)),
    evaluateFlakeAsync: oneAsync((nix, source, options) => nix.evaluateFlakeAsync(source, options)),
  };
}
