/**
 * Origins: where a value comes from, as far as the texts tell without evaluation.
 *
 * An expression is followed to the sets, functions and files that it may result in: through names,
 * selections, `let`, `with`, `if`, `//`, and through `import ./x`, `callPackage ./x` and functions that
 * are applied. What cannot be followed has no origin; nothing is guessed. Every question has a budget, so
 * that a chain of files or a cycle ends.
 */

import { decodeUtf8 } from "@nivis/formats";
import {
  type AttrSet,
  BinaryOp,
  type Binding,
  BindingKind,
  type Expr,
  type Lambda,
  NodeKind,
} from "@nivis/syntax";
import type { Files } from "./files.ts";
import { bindingOf, bindingsOf } from "./names.ts";
import type { Snapshot } from "./snapshot.ts";

/** An expression in a text. */
export interface Site {
  readonly snapshot: Snapshot;
  readonly expr: Expr;
}

/** An attribute of a set that is written somewhere. */
export interface AttributeSite {
  readonly snapshot: Snapshot;
  readonly set: AttrSet;
  readonly binding: Binding;
}

/** What an expression may result in. */
export type Origin =
  | { readonly kind: "set"; readonly snapshot: Snapshot; readonly set: AttrSet }
  | { readonly kind: "function"; readonly snapshot: Snapshot; readonly lambda: Lambda }
  | { readonly kind: "path"; readonly snapshot: Snapshot; readonly path: string }
  | { readonly kind: "builtin"; readonly name: string };

/** Steps that one question may take. */
const BUDGET = 400;

/** Functions that call the file that is their first argument with a set of arguments. */
const FILE_CALLERS = /^(?:callPackage|callPackages|callPackageWith|autoCallPackage)$/;

/** Follows one question. */
export class OriginSearch {
  readonly #files: Files;
  readonly #seen = new Set<string>();
  #left = BUDGET;

  constructor(files: Files) {
    this.#files = files;
  }

  /** What an expression may result in. */
  async origins({ snapshot, expr }: Site): Promise<Origin[]> {
    const key = `${snapshot.uri} ${expr.kind} ${expr.start} ${expr.end}`;
    if (this.#left <= 0 || this.#seen.has(key)) return [];
    this.#left -= 1;
    this.#seen.add(key);
    const found = await this.#originsOf(snapshot, expr);
    this.#seen.delete(key);
    return found;
  }

  async #originsOf(snapshot: Snapshot, expr: Expr): Promise<Origin[]> {
    const of = (inner: Expr): Promise<Origin[]> => this.origins({ snapshot, expr: inner });
    switch (expr.kind) {
      case NodeKind.AttrSet:
        return [{ kind: "set", snapshot, set: expr }];
      case NodeKind.Lambda:
        return [{ kind: "function", snapshot, lambda: expr }];
      case NodeKind.Path:
        return [{ kind: "path", snapshot, path: decodeUtf8(expr.value) }];
      case NodeKind.SearchPath: {
        const path = await this.#files.searchPath(decodeUtf8(expr.value));
        return path === undefined ? [] : [{ kind: "path", snapshot, path }];
      }
      case NodeKind.Let:
      case NodeKind.With:
      case NodeKind.Assert:
        return of(expr.body);
      case NodeKind.If:
        return [...(await of(expr.consequence)), ...(await of(expr.alternative))];
      case NodeKind.Binary:
        if (expr.op !== BinaryOp.Update) return [];
        return [...(await of(expr.right)), ...(await of(expr.left))];
      case NodeKind.Var:
        return this.#variable(snapshot, expr.name, expr.pos);
      case NodeKind.Select: {
        const names = namesOf(expr.path.map(({ name }) => name));
        if (names === undefined) return expr.fallback === undefined ? [] : of(expr.fallback);
        const found = await this.select(await of(expr.base), names);
        return found.length > 0 || expr.fallback === undefined ? found : of(expr.fallback);
      }
      case NodeKind.Call: {
        let results = await of(expr.callee);
        const name = calleeName(expr.callee);
        const args = [...expr.args];
        const isImport = results.some((one) => one.kind === "builtin" && one.name === "import");
        if (opensFiles(results, name)) {
          const [file, ...rest] = args;
          results = file === undefined ? [] : await this.imported(await of(file));
          return this.#applied(results, isImport ? rest.length : Math.max(1, rest.length));
        }
        return this.#applied(results, args.length);
      }
      default:
        return [];
    }
  }

  /** What the file behind each path results in. */
  async imported(origins: readonly Origin[]): Promise<Origin[]> {
    const results: Origin[] = [];
    for (const origin of origins) {
      if (origin.kind !== "path") continue;
      const path = await this.#files.importedFile(origin.path);
      const snapshot = path === undefined ? undefined : await this.#files.snapshot(path);
      if (snapshot !== undefined)
        results.push(...(await this.origins({ snapshot, expr: snapshot.expr })));
    }
    return results;
  }

  /** The results of functions that are given so many arguments. */
  async #applied(origins: readonly Origin[], count: number): Promise<Origin[]> {
    let results = [...origins];
    for (let i = 0; i < count; i += 1) {
      const next: Origin[] = [];
      for (const one of results) {
        if (one.kind !== "function") continue;
        next.push(...(await this.origins({ snapshot: one.snapshot, expr: one.lambda.body })));
      }
      results = next;
    }
    return results;
  }

  async #variable(snapshot: Snapshot, name: string, pos: number): Promise<Origin[]> {
    const use = snapshot.names.useAt(pos);
    if (use === undefined) return [];
    if (use.kind === "global") return [{ kind: "builtin", name: name.replace(/^__/, "") }];
    const { definition } = use;
    if (definition === undefined) return [];
    const binding = bindingOf(definition);
    const set = bindingsOf(definition);
    if (binding !== undefined && set !== undefined)
      return this.bindingOrigins({ snapshot, set, binding });
    if (definition.owner.kind !== NodeKind.Lambda) return [];
    const formal = definition.owner.formals?.formals.find((one) => one.name === name);
    return formal?.fallback === undefined ? [] : this.origins({ snapshot, expr: formal.fallback });
  }

  /** What the value of an attribute may be. */
  async bindingOrigins({ snapshot, set, binding }: AttributeSite): Promise<Origin[]> {
    switch (binding.kind) {
      case BindingKind.Plain:
        return this.origins({ snapshot, expr: binding.value });
      case BindingKind.Inherited: {
        const use = snapshot.names.useAt(binding.pos);
        return use === undefined ? [] : this.#variable(snapshot, binding.name, binding.pos);
      }
      case BindingKind.InheritedFrom: {
        const source = set.inheritFrom[binding.from];
        if (source === undefined) return [];
        return this.select(await this.origins({ snapshot, expr: source }), [binding.name]);
      }
    }
  }

  /** The values at a path of attributes. */
  async select(origins: readonly Origin[], path: readonly string[]): Promise<Origin[]> {
    let results = [...origins];
    for (const name of path) {
      const next: Origin[] = [];
      for (const site of this.attributes(results, name)) {
        next.push(...(await this.bindingOrigins(site)));
      }
      for (const one of results)
        if (one.kind === "builtin" && one.name === "builtins") next.push({ kind: "builtin", name });
      results = next;
    }
    return results;
  }

  /** The attributes of a name that sets write. */
  attributes(origins: readonly Origin[], name: string): AttributeSite[] {
    const found: AttributeSite[] = [];
    for (const origin of origins) {
      if (origin.kind !== "set") continue;
      const { snapshot, set } = origin;
      for (const binding of set.bindings)
        if (binding.name === name) found.push({ snapshot, set, binding });
    }
    return found;
  }

  /** The attributes at the last name of a path that starts at an expression. */
  async attributeSites(base: Site, path: readonly string[]): Promise<AttributeSite[]> {
    const last = path.at(-1);
    if (last === undefined) return [];
    const sets = await this.select(await this.origins(base), path.slice(0, -1));
    return this.attributes(sets, last);
  }

  /**
   * Where an attribute is really written: through `inherit` to the attribute or variable behind it. The
   * attribute itself when there is nothing behind it.
   */
  async written(site: AttributeSite): Promise<AttributeSite[]> {
    const { snapshot, set, binding } = site;
    if (binding.kind === BindingKind.InheritedFrom) {
      const source = set.inheritFrom[binding.from];
      if (source === undefined) return [site];
      const found = await this.attributeSites({ snapshot, expr: source }, [binding.name]);
      return found.length > 0 ? found : [site];
    }
    if (binding.kind === BindingKind.Inherited) {
      const definition = snapshot.names.useAt(binding.pos)?.definition;
      const outer = definition === undefined ? undefined : bindingOf(definition);
      const around = definition === undefined ? undefined : bindingsOf(definition);
      if (outer === undefined || around === undefined) return [site];
      return this.written({ snapshot, set: around, binding: outer });
    }
    return [site];
  }
}

/** Whether a function takes a file and calls what is in it, or imports it. */
export function opensFiles(origins: readonly Origin[], name: string | undefined): boolean {
  if (origins.some((one) => one.kind === "builtin" && one.name === "import")) return true;
  return name !== undefined && FILE_CALLERS.test(name);
}

/** The name by which a function is called: `callPackage` in `pkgs.callPackage`. */
export function calleeName(expr: Expr): string | undefined {
  if (expr.kind === NodeKind.Var) return expr.name;
  if (expr.kind === NodeKind.Select) return expr.path.at(-1)?.name;
  // `callPackageWith pkgs ./x { }`
  return expr.kind === NodeKind.Call ? calleeName(expr.callee) : undefined;
}

function namesOf(names: readonly (string | undefined)[]): string[] | undefined {
  return names.every((name) => name !== undefined) ? (names as string[]) : undefined;
}
