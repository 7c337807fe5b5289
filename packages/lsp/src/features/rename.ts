/**
 * Rename: a name and all its uses, without changing what the program means.
 *
 * `inherit x;` is split where only one side changes its name. The result is checked: it is parsed again,
 * and every name must mean what it meant before; a rename that would capture a name is refused.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { isReservedWord, type Span, SyntaxKind, SyntaxNode, SyntaxToken } from "@nivis/syntax";
import {
  type PrepareRenameParams,
  type Range,
  type RenameParams,
  ResponseError,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { subjectAt } from "../analysis/cursor.ts";
import type { Definition } from "../analysis/names.ts";
import { type Occurrence, occurrencesOf } from "../analysis/occurrences.ts";
import { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature } from "../feature.ts";
import { applyByteEdits, type ByteEdit, workspaceEdit } from "../text/edits.ts";
import { definitionAtPlace } from "./navigation.ts";

const NAME = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;
/** `RequestFailed` of the protocol. */
const REQUEST_FAILED = -32803;

function refused(message: string): ResponseError<void> {
  return new ResponseError(REQUEST_FAILED, message);
}

/** The definition to rename at a place; throws a refusal that says why there is none. */
function renamable(snapshot: Snapshot, offset: number): { definition: Definition; span: Span } {
  const definition = definitionAtPlace(snapshot, offset);
  const subject = subjectAt(snapshot, offset);
  if (definition !== undefined && subject !== undefined) return { definition, span: subject.span };
  switch (subject?.kind) {
    case "use":
      throw refused(
        subject.use.kind === "global"
          ? "a builtin cannot be renamed"
          : "a name that comes from a 'with' cannot be renamed",
      );
    case "attribute":
    case "select":
    case "inherit":
      throw refused(
        "an attribute cannot be renamed, because other files and computed names may use it",
      );
    default:
      throw refused("there is no name here");
  }
}

/** `textDocument/prepareRename` */
export const prepareRenameFeature: Feature = {
  method: "textDocument/prepareRename",
  test: "rename.test.ts",
  capabilities: () => ({}),
  empty: null,
  run: aboutDocument(
    (snapshot, { position }: PrepareRenameParams): Range =>
      snapshot.range(renamable(snapshot, snapshot.offset(position)).span),
  ),
};

/** `textDocument/rename` */
export const renameFeature: Feature = {
  method: "textDocument/rename",
  title: "Rename",
  does: "names with all uses; splits `inherit`; refuses what would capture another name, and says why",
  peers: { nil: "one file, no check", nixd: "one file, no check" },
  test: "rename.test.ts",
  capabilities: (client) => ({
    renameProvider:
      client.textDocument?.rename?.prepareSupport === true ? { prepareProvider: true } : true,
  }),
  empty: null,
  run: aboutDocument((snapshot, { position, newName }: RenameParams): WorkspaceEdit => {
    const { definition } = renamable(snapshot, snapshot.offset(position));
    const name = encodeUtf8(newName);
    if (!NAME.test(name) || isReservedWord(name) || name === "or")
      throw refused(`'${newName}' is not a name in Nix`);
    const edits = renameEdits(snapshot, definition, name);
    checkMeaning(snapshot, definition, edits, name);
    return workspaceEdit(snapshot, edits);
  }),
};

/** The edits that rename a definition; not checked yet. */
export function renameEdits(snapshot: Snapshot, definition: Definition, name: string): ByteEdit[] {
  const edits: ByteEdit[] = [];
  const byClause = new Map<number, { node: SyntaxNode; names: Occurrence[] }>();
  for (const occurrence of occurrencesOf(snapshot, definition)) {
    const { span, isInherited } = occurrence;
    if (!isInherited) edits.push({ ...span, text: name });
    else {
      const node = clauseAt(snapshot, span.start);
      const known = byClause.get(node.index);
      if (known === undefined) byClause.set(node.index, { node, names: [occurrence] });
      else known.names.push(occurrence);
    }
  }
  for (const { node, names } of byClause.values())
    edits.push(...splitClause(snapshot, definition, node, names, name));
  return edits.sort((a, b) => a.start - b.start || a.end - b.end);
}

function clauseAt({ tree }: Snapshot, start: number): SyntaxNode {
  const token = new SyntaxToken(tree, tree.tokenAt(start));
  return token.ancestors().find(({ kind }) => kind === SyntaxKind.Inherit) as SyntaxNode;
}

/** Takes a name out of an `inherit` and binds it with `=`. */
function splitClause(
  snapshot: Snapshot,
  definition: Definition,
  node: SyntaxNode,
  occurrences: readonly Occurrence[],
  name: string,
): ByteEdit[] {
  const old = definition.name;
  const { children } = node;
  const source = children.find(
    (child) => child instanceof SyntaxNode && child.kind === SyntaxKind.InheritSource,
  );
  const others = children.filter(
    (child) =>
      child !== source &&
      child.text !== "inherit" &&
      child.text !== ";" &&
      !occurrences.some(({ span }) => span.start === child.start),
  );
  // The use of the outer name takes the new name, the declaration inside becomes the new name.
  const [first] = occurrences as [Occurrence, ...Occurrence[]];
  const left = first.isDeclaration ? name : old;
  const value = source !== undefined ? `${source.text}.${old}` : first.isDeclaration ? old : name;
  const binding = `${left} = ${value};`;
  if (others.length === 0) return [{ start: node.start, end: node.end, text: binding }];
  const indent = /(?:^|\n)([ \t]*)[^\n]*$/.exec(snapshot.bytes.slice(0, node.start))?.[1] ?? "";
  const edits: ByteEdit[] = occurrences.map(({ span }) => ({
    start: blankBefore(snapshot, span.start),
    end: span.end,
    text: "",
  }));
  edits.push({ start: node.end, end: node.end, text: `\n${indent}${binding}` });
  return edits;
}

function blankBefore({ bytes }: Snapshot, at: number): number {
  let start = at;
  while (/[ \t\r\n]/.test(bytes[start - 1] ?? "")) start -= 1;
  return start;
}

/** Throws a refusal if edits change what any name means, other than the renamed one. */
function checkMeaning(
  before: Snapshot,
  definition: Definition,
  edits: readonly ByteEdit[],
  name: string,
): void {
  const text = decodeUtf8(applyByteEdits(before.bytes, edits));
  const after = new Snapshot(before.uri, before.path, 0, text);
  const error = before.parsed.firstError === undefined ? after.parsed.firstError : undefined;
  if (error !== undefined)
    throw refused(`'${name}' cannot be used here: ${decodeUtf8(error.message)}`);
  const wanted = meanings(before, (one) => (one === definition ? name : one.name));
  const found = meanings(after, (one) => one.name);
  if (wanted !== found)
    throw refused(`'${name}' already means something else where the name is declared or used`);
}

/** What all names of a text mean, as one text: for each use its scope and name. */
function meanings({ names }: Snapshot, nameOf: (definition: Definition) => string): string {
  const owners = [...new Set(names.definitions.map(({ owner }) => owner))];
  owners.sort((a, b) => a.start - b.start || b.end - a.end);
  const ordinal = new Map(owners.map((owner, index) => [owner, index]));
  const lines = names.uses.map(({ definition, kind, name }) =>
    definition === undefined
      ? `${kind} ${name}`
      : `${ordinal.get(definition.owner)} ${nameOf(definition)}`,
  );
  return lines.sort().join("\n");
}
