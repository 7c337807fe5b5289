/**
 * The imported files of an evaluation: each file is read and evaluated once, whatever paths lead to it.
 *
 * `import` and `scopedImport` call this. A warm evaluation recalls files through its dependencies, so that
 * they can change; an evaluation that began with a heap image asks the image first.
 */
import { marked } from "@nivis/formats";
import { Lambda } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_TRACE_POS } from "../position.ts";
import type { Attrs } from "../value/attrs.ts";
import { hasFailed, Thunk } from "../value/thunk.ts";
import type { NixPath, Slot, Value } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import { force, type Suspendable } from "../vm/requests.ts";
import type { ProgramCompiler } from "./program-compiler.ts";
import {
  isDerivationFile,
  readProgram,
  resolveExpressionPath,
  tellOfFile,
} from "./read-program.ts";

/** An imported file. */
export interface EvaluatedFile {
  /** The path after resolution. */
  readonly path: NixPath;
  readonly value: Slot;
}

/** The files that one evaluation has imported. */
export class ProgramFiles {
  /** Imported files, by the key of the requested path. */
  readonly imports = new Map<string, EvaluatedFile>();
  /**
   * Imported files by the key of the path after resolution; that path may also be requested itself.
   */
  readonly files = new Map<string, EvaluatedFile>();

  readonly #context: EvalContext;
  readonly #compiler: ProgramCompiler;

  constructor(context: EvalContext, compiler: ProgramCompiler) {
    this.#context = context;
    this.#compiler = compiler;
  }

  /** Forgets all files, so that they are read and evaluated again when they are next imported. */
  forget(): void {
    this.imports.clear();
    this.files.clear();
  }

  /** `import` of a path that is not a store path of a derivation. */
  *importFile(path: NixPath): Suspendable<Slot> {
    const find = (): EvaluatedFile => this.#fileAt(path);
    const file = now(find) ?? ((yield attempt(find)) as EvaluatedFile);
    // Nix: the trace is added where the file is evaluated, so a file that failed earlier has it
    // already.
    if (file.value instanceof Thunk && hasFailed(file.value)) {
      return (yield force(file.value)) as Value;
    }
    try {
      return (yield force(file.value)) as Value;
    } catch (error) {
      if (error instanceof EvalError) {
        error.addTrace(NO_TRACE_POS, marked`while evaluating the file '${file.path.shown}':`);
      }
      throw error;
    }
  }

  /** `scopedImport`: the file is evaluated anew each time. */
  *scopedImport(path: NixPath, scope: Attrs): Suspendable<Slot> {
    const globals = new Map(this.#compiler.globals);
    const slots = scope.slots();
    scope.names().forEach((name, i) => {
      globals.set(name, slots[i] as Slot);
    });
    const load = (): Thunk => this.load(resolveExpressionPath(this.#context, path), globals);
    return (yield now(load) ?? ((yield attempt(load)) as Thunk)) as Value;
  }

  /** Returns the program at a resolved path as a thunk. Throws an {@link EvalError}. */
  load(path: NixPath, globals: ReadonlyMap<string, Slot>): Thunk {
    const program = readProgram(this.#context, path);
    // Nix: the file that defines `derivation` is evaluated at the start.
    if (!isDerivationFile(path)) tellOfFile(this.#context, path);
    return this.#compiler.load(program, globals);
  }

  /** Returns the file that an import of a path loads; all paths that resolve to it share one. */
  #fileAt(path: NixPath): EvaluatedFile {
    const { dependencies, caches } = this.#context;
    const { pathKeys } = caches;
    const { heapImage, globals } = this.#compiler;
    const key = pathKeys.of(path);
    if (dependencies !== undefined) {
      return dependencies.recall(`import ${key}`, () => {
        const known = heapImage?.requested(path);
        const file = known ?? this.#trackedFileAt(path, dependencies);
        if (heapImage !== undefined) this.imports.set(key, file);
        return file;
      });
    }
    const known = this.imports.get(key) ?? heapImage?.requested(path);
    if (known !== undefined) return known;
    const resolved = resolveExpressionPath(this.#context, path);
    const resolvedKey = pathKeys.of(resolved);
    let file = this.files.get(resolvedKey) ?? heapImage?.file(resolved);
    if (file === undefined) {
      file = { path: resolved, value: this.load(resolved, globals) };
      this.files.set(resolvedKey, file);
    }
    this.imports.set(key, file);
    return file;
  }

  #trackedFileAt(path: NixPath, dependencies: Dependencies): EvaluatedFile {
    const { heapImage, globals } = this.#compiler;
    const resolved = resolveExpressionPath(this.#context, path);
    const key = this.#context.caches.pathKeys.of(resolved);
    return dependencies.recall(`program ${key}`, () => {
      const file = heapImage?.file(resolved) ?? {
        path: resolved,
        value: this.load(resolved, globals),
      };
      if (heapImage !== undefined) this.files.set(key, file);
      const { value } = file;
      if (value instanceof Thunk && value.code instanceof Lambda) {
        dependencies.noteText(value.code.base);
      }
      return file;
    });
  }
}
