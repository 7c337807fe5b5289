/**
 * Navigation: from a name to its definition, and from a definition to its uses, in one text and across
 * files that import each other.
 */
import { decodeUtf8 } from "@nivis/formats";
import {
  type Expr,
  NodeKind,
  type Span,
  SyntaxKind,
  SyntaxNode,
  SyntaxToken,
  walk,
} from "@nivis/syntax";
import {
  type DefinitionParams,
  type DocumentHighlight,
  DocumentHighlightKind,
  type DocumentHighlightParams,
  type Location,
  type ReferenceParams,
  type TypeDefinitionParams,
} from "vscode-languageserver";
import { subjectAt } from "../analysis/cursor.ts";
import { withsAround } from "../analysis/evaluations.ts";
import { bindingOf, bindingsOf, type Definition } from "../analysis/names.ts";
import { nameSpan, occurrencesOf } from "../analysis/occurrences.ts";
import { optionAt } from "../analysis/options.ts";
import { type AttributeSite, OriginSearch } from "../analysis/origins.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import type { Cancelled, Place } from "../host.ts";
import { uriOfPath } from "../text/uri.ts";

const READ = DocumentHighlightKind.Read;
const WRITE = DocumentHighlightKind.Write;
/** Files that a search for references looks at, at most. */
const MAX_SEARCHED_FILES = 4000;

const START = { line: 0, character: 0 };

function locationOf(snapshot: Snapshot, span: Span): Location {
  return { uri: snapshot.uri, range: snapshot.range(span) };
}

function locationOfSite({ snapshot, binding }: AttributeSite): Location {
  return locationOf(snapshot, nameSpan(snapshot, binding.pos, binding.name));
}

function locationOfPlace({ path, position }: Place): Location {
  return { uri: uriOfPath(path), range: { start: position, end: position } };
}

async function locationOfFile(path: string, bench: Workbench): Promise<Location[]> {
  const file = await bench.files.importedFile(path);
  return file === undefined ? [] : [{ uri: uriOfPath(file), range: { start: START, end: START } }];
}

/** Where what stands at a place is defined. */
async function definitions(
  snapshot: Snapshot,
  offset: number,
  bench: Workbench,
  token: Cancelled,
): Promise<Location[]> {
  const subject = subjectAt(snapshot, offset);
  if (subject === undefined) return [];
  const search = new OriginSearch(bench.files);
  switch (subject.kind) {
    case "use": {
      const { definition } = subject.use;
      if (definition !== undefined) return ofDefinition(snapshot, definition, search);
      if (subject.use.kind === "global") return [];
      for (const namespace of withsAround(snapshot, subject.use.start)) {
        const sites = await search.attributeSites({ snapshot, expr: namespace }, [
          subject.use.name,
        ]);
        if (sites.length > 0) return (await writtenAll(search, sites)).map(locationOfSite);
        const value = await bench.evaluations.describe(
          snapshot,
          namespace,
          [decodeUtf8(subject.use.name)],
          token,
        );
        const place = value?.package?.place ?? value?.place;
        if (place !== undefined) return [locationOfPlace(place)];
      }
      return [];
    }
    case "definition":
      return ofDefinition(snapshot, subject.definition, search);
    case "select":
    case "inherit": {
      const path = subject.kind === "select" ? subject.path : [subject.name];
      const sites = await search.attributeSites({ snapshot, expr: subject.base }, path);
      if (sites.length > 0) return (await writtenAll(search, sites)).map(locationOfSite);
      const value = await bench.evaluations.describe(
        snapshot,
        subject.base,
        path.map(decodeUtf8),
        token,
      );
      const place = value?.package?.place ?? value?.place;
      return place === undefined ? [] : [locationOfPlace(place)];
    }
    case "attribute": {
      const option = await optionAt(snapshot, offset, bench, token);
      const declared = option?.option?.declarations ?? [];
      if (declared.length > 0) return declared.map(locationOfPlace);
      return [locationOf(snapshot, subject.span)];
    }
    case "path": {
      const { expr } = subject;
      const path =
        expr.kind === NodeKind.Path
          ? decodeUtf8(expr.value)
          : await bench.files.searchPath(decodeUtf8(expr.value));
      return path === undefined ? [] : locationOfFile(path, bench);
    }
  }
}

async function writtenAll(
  search: OriginSearch,
  sites: readonly AttributeSite[],
): Promise<AttributeSite[]> {
  const found: AttributeSite[] = [];
  for (const site of sites) found.push(...(await search.written(site)));
  return found;
}

/** The declaration of a name; that of an `inherit` leads on to what is inherited. */
async function ofDefinition(
  snapshot: Snapshot,
  definition: Definition,
  search: OriginSearch,
): Promise<Location[]> {
  const binding = bindingOf(definition);
  const set = bindingsOf(definition);
  if (binding !== undefined && set !== undefined) {
    const sites = await search.written({ snapshot, set, binding });
    if (sites.length > 0) return sites.map(locationOfSite);
  }
  return [locationOf(snapshot, nameSpan(snapshot, definition.pos, definition.name))];
}

/** `textDocument/definition` */
export const definitionFeature: Feature = {
  method: "textDocument/definition",
  title: "Go to definition",
  does: "names, attributes through `import`, `callPackage`, `inherit` and selections across files, paths and `<…>`; by evaluation packages and the declarations of options",
  peers: { nil: "one file", nixd: "one file, packages, options" },
  test: "navigation.test.ts",
  capabilities: () => ({ definitionProvider: true }),
  empty: null,
  run: aboutDocument((snapshot, { position }: DefinitionParams, bench, token) =>
    definitions(snapshot, snapshot.offset(position), bench, token),
  ),
};

/** `textDocument/declaration` */
export const declarationFeature: Feature = {
  method: "textDocument/declaration",
  title: "Go to declaration",
  does: "where the name itself is declared in this text, an `inherit` included; of an option its declaration",
  peers: { nil: "none", nixd: "none" },
  test: "navigation.test.ts",
  capabilities: () => ({ declarationProvider: true }),
  empty: null,
  run: aboutDocument((snapshot, { position }: DefinitionParams, bench, token) => {
    const subject = subjectAt(snapshot, snapshot.offset(position));
    const definition =
      subject?.kind === "use"
        ? subject.use.definition
        : subject?.kind === "definition"
          ? subject.definition
          : undefined;
    return definition === undefined
      ? definitions(snapshot, snapshot.offset(position), bench, token)
      : [locationOf(snapshot, nameSpan(snapshot, definition.pos, definition.name))];
  }),
};

/** `textDocument/implementation` */
export const implementationFeature: Feature = {
  method: "textDocument/implementation",
  title: "Go to implementation",
  does: "the places in the workspace that set an option or select an attribute",
  peers: { nil: "none", nixd: "none" },
  test: "navigation.test.ts",
  capabilities: () => ({ implementationProvider: true }),
  empty: null,
  run: aboutDocument((snapshot, { position }: DefinitionParams, bench, token) =>
    references(snapshot, snapshot.offset(position), false, bench, token),
  ),
};

/** `textDocument/typeDefinition` */
export const typeDefinitionFeature: Feature = {
  method: "textDocument/typeDefinition",
  title: "Go to type definition",
  does: "of an option the `type` in its declaration",
  peers: { nil: "none", nixd: "none" },
  test: "evaluation.test.ts",
  capabilities: () => ({ typeDefinitionProvider: true }),
  empty: null,
  run: aboutDocument(async (snapshot, { position }: TypeDefinitionParams, bench, token) => {
    const found = await optionAt(snapshot, snapshot.offset(position), bench, token);
    const types: Location[] = [];
    for (const place of found?.option?.declarations ?? []) types.push(await typeOf(place, bench));
    return types;
  }),
};

/** The `type` of an option that is declared at a place; the place itself where none is written. */
async function typeOf(place: Place, bench: Workbench): Promise<Location> {
  const declared = await bench.files.snapshot(place.path);
  if (declared === undefined || !declared.isAnalysed) return locationOfPlace(place);
  const { tree } = declared;
  const token = tree.tokenAt(declared.offset(place.position));
  const option = new SyntaxToken(tree, token).ancestors().find(isBinding);
  for (let node = option?.index ?? tree.nodeCount; node < tree.nodeCount; node += 1) {
    const binding = new SyntaxNode(tree, node);
    if (option === undefined || binding.start >= option.end) break;
    if (isBinding(binding) && binding.firstToken.text === "type")
      return locationOf(declared, { start: binding.start, end: binding.end });
  }
  return locationOfPlace(place);
}

function isBinding({ kind }: SyntaxNode): boolean {
  return kind === SyntaxKind.Binding;
}

/** The definition that a place is about, if it is a name of the text. */
export function definitionAtPlace(snapshot: Snapshot, offset: number): Definition | undefined {
  const subject = subjectAt(snapshot, offset);
  if (subject?.kind === "use") return subject.use.definition;
  return subject?.kind === "definition" ? subject.definition : undefined;
}

async function references(
  snapshot: Snapshot,
  offset: number,
  withDeclaration: boolean,
  bench: Workbench,
  token: Cancelled,
): Promise<Location[]> {
  const definition = definitionAtPlace(snapshot, offset);
  const found: Location[] = [];
  if (definition !== undefined) {
    for (const { span, isDeclaration } of occurrencesOf(snapshot, definition))
      if (withDeclaration || !isDeclaration) found.push(locationOf(snapshot, span));
  }
  const site = await attributeAtPlace(snapshot, offset, bench);
  if (site === undefined) return found;
  const uses = await attributeUses(site, bench, token);
  const seen = new Set(found.map((one) => JSON.stringify(one)));
  const all = withDeclaration ? [locationOfSite(site), ...uses] : uses;
  for (const one of all) if (!seen.has(JSON.stringify(one))) found.push(one);
  return found;
}

/** The attribute that a place defines or selects. */
async function attributeAtPlace(
  snapshot: Snapshot,
  offset: number,
  bench: Workbench,
): Promise<AttributeSite | undefined> {
  const subject = subjectAt(snapshot, offset);
  const search = new OriginSearch(bench.files);
  switch (subject?.kind) {
    case "attribute":
      return subject.binding === undefined
        ? undefined
        : { snapshot, set: subject.set, binding: subject.binding };
    case "definition": {
      // An attribute of a `rec` set is a name inside and an attribute outside.
      const set = bindingsOf(subject.definition);
      const binding = bindingOf(subject.definition);
      const isAttribute = subject.definition.owner.kind === NodeKind.AttrSet;
      return isAttribute && set !== undefined && binding !== undefined
        ? { snapshot, set, binding }
        : undefined;
    }
    case "select":
    case "inherit": {
      const path = subject.kind === "select" ? subject.path : [subject.name];
      const [site] = await search.attributeSites({ snapshot, expr: subject.base }, path);
      return site === undefined ? undefined : (await search.written(site))[0];
    }
    default:
      return undefined;
  }
}

/** The places in the workspace that select an attribute, as far as texts tell. */
async function attributeUses(
  target: AttributeSite,
  bench: Workbench,
  token: Cancelled,
): Promise<Location[]> {
  const { name } = target.binding;
  const word = decodeUtf8(name);
  const paths = new Set<string>();
  for (const { path } of [target.snapshot, ...bench.openDocuments()])
    if (path !== undefined) paths.add(path);
  for (const folder of bench.folders)
    for (const path of await bench.files.nixFilesBelow(folder, MAX_SEARCHED_FILES)) paths.add(path);
  const found: Location[] = [];
  for (const path of paths) {
    if (token.isCancellationRequested) return [];
    if ((await bench.files.peek(path))?.includes(word) !== true) continue;
    const snapshot = await bench.files.snapshot(path);
    if (snapshot === undefined) continue;
    for (const { base, path: names, span } of selectionsOf(snapshot, name)) {
      const search = new OriginSearch(bench.files);
      for (const site of await search.attributeSites({ snapshot, expr: base }, names)) {
        const written = await search.written(site);
        const isTarget = [site, ...written].some(
          (one) =>
            one.snapshot.uri === target.snapshot.uri && one.binding.pos === target.binding.pos,
        );
        if (!isTarget) continue;
        found.push(locationOf(snapshot, span));
        break;
      }
    }
  }
  return found;
}

interface Selection {
  readonly base: Expr;
  readonly path: readonly string[];
  readonly span: Span;
}

/** All selections of a name in a text, `inherit (e) name` included. */
function selectionsOf(snapshot: Snapshot, name: string): Selection[] {
  const found: Selection[] = [];
  walk(snapshot.expr, (expr) => {
    if (expr.kind === NodeKind.Select || expr.kind === NodeKind.HasAttr) {
      const path: string[] = [];
      for (const one of expr.path) {
        if (one.name === undefined) break;
        path.push(one.name);
        if (one.name === name)
          found.push({
            base: expr.base,
            path: [...path],
            span: { start: one.start, end: one.end },
          });
      }
    }
    const set = expr.kind === NodeKind.Let ? expr.attrs : expr;
    if (set.kind !== NodeKind.AttrSet) return;
    for (const binding of set.bindings) {
      const base = set.inheritFrom[binding.from];
      if (binding.name !== name || base === undefined) continue;
      found.push({ base, path: [name], span: nameSpan(snapshot, binding.pos, name) });
    }
  });
  return found;
}

/** `textDocument/references` */
export const referencesFeature: Feature = {
  method: "textDocument/references",
  title: "Find references",
  does: "names exactly; attributes across the files of the workspace where their origin is known from the texts",
  peers: { nil: "one file", nixd: "one file" },
  test: "navigation.test.ts",
  capabilities: () => ({ referencesProvider: true }),
  empty: null,
  run: aboutDocument((snapshot, { position, context }: ReferenceParams, bench, token) =>
    references(snapshot, snapshot.offset(position), context.includeDeclaration, bench, token),
  ),
};

/** `textDocument/documentHighlight` */
export const highlightFeature: Feature = {
  method: "textDocument/documentHighlight",
  title: "Highlight",
  does: "declarations and uses of a name; on `with` all names that it may bring",
  peers: { nil: "yes", nixd: "yes" },
  test: "navigation.test.ts",
  capabilities: () => ({ documentHighlightProvider: true }),
  empty: null,
  run: aboutDocument(
    (snapshot, { position }: DocumentHighlightParams): DocumentHighlight[] | null => {
      const offset = snapshot.offset(position);
      const definition = definitionAtPlace(snapshot, offset);
      if (definition !== undefined) {
        return occurrencesOf(snapshot, definition).map(({ span, isDeclaration }) => ({
          range: snapshot.range(span),
          kind: isDeclaration ? WRITE : READ,
        }));
      }
      const subject = subjectAt(snapshot, offset);
      if (subject?.kind === "use") {
        const { use } = subject;
        return snapshot.names.uses
          .filter((one) => one.name === use.name && one.kind === use.kind)
          .map((one) => ({ range: snapshot.range(one), kind: READ }));
      }
      if (subject?.kind === "attribute" || subject?.kind === "select")
        return [{ range: snapshot.range(subject.span), kind: READ }];
      return highlightWith(snapshot, offset);
    },
  ),
};

/** The keyword `with` and the names that may come from it. */
function highlightWith(snapshot: Snapshot, offset: number): DocumentHighlight[] | null {
  let found: DocumentHighlight[] | null = null;
  walk(snapshot.expr, (expr) => {
    if (expr.kind !== NodeKind.With || found !== null) return;
    const keyword = { start: expr.pos, end: expr.pos + "with".length };
    if (keyword.start > offset || keyword.end < offset) return;
    const { body } = expr;
    found = [
      { range: snapshot.range(keyword), kind: WRITE },
      ...snapshot.names.uses
        .filter(({ kind, start, end }) => kind === "free" && start >= body.start && end <= body.end)
        .map((use) => ({ range: snapshot.range(use), kind: READ })),
    ];
  });
  return found;
}
