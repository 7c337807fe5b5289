/**
 * Code with a map from instructions to expressions, for debuggers: which expression an instruction
 * belongs to, and which scope that expression is in. `@nivis/debugger` calls {@link emitWithRegions}
 * in place of `emitUnit`.
 */
import type { Expr, SourceFile } from "@nivis/syntax";
import type { BuiltinDefinition } from "../builtins/definition.ts";
import type { Lambda } from "../bytecode/lambda.ts";
import type { RunObserver } from "../vm/observer.ts";
import { Emitter } from "./emit.ts";
import type { Resolution } from "./resolve.ts";
import type { Scope, Unit } from "./scope.ts";

/** What a debugger hooks into an evaluation when it is created. */
export interface DebugHooks {
  readonly observer: RunObserver;
  /** Returns what takes the place of a builtin: itself, or one that may stop. */
  builtin(definition: BuiltinDefinition): BuiltinDefinition;
  /** The names of a text are resolved; `root` is its whole expression. None of it is compiled yet. */
  loaded(file: Resolution, source: SourceFile, root: Unit): void;
  /** Compiles a unit, by {@link emitWithRegions}. */
  emit(lambda: Lambda, unit: Unit, file: Resolution): void;
}

/** The code of one expression that is evaluated where it stands: offsets `start <= pc < end`. */
export interface CodeRegion {
  readonly start: number;
  readonly end: number;
  readonly expr: Expr;
  /** The scope that the expression is in; names that it binds itself are in a scope inside of this one. */
  readonly scope: Scope;
}

class DebugEmitter extends Emitter {
  readonly regions: CodeRegion[] = [];

  protected override strict(expr: Expr, scope: Scope): void {
    const start = this.code.length;
    super.strict(expr, scope);
    this.regions.push({ start, end: this.code.length, expr, scope });
  }
}

/** Compiles a unit into its lambda and returns the regions of its code, inner ones first. */
export function emitWithRegions(
  lambda: Lambda,
  unit: Unit,
  file: Resolution,
): readonly CodeRegion[] {
  const emitter = new DebugEmitter(lambda, unit, unit, file);
  emitter.run();
  return emitter.regions;
}
