/** Call hierarchy: which functions of a text call which. */
import { decodeUtf8 } from "@nivis/formats";
import { NodeKind, type Span } from "@nivis/syntax";
import type {
  CallHierarchyIncomingCall,
  CallHierarchyIncomingCallsParams,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  CallHierarchyOutgoingCallsParams,
  CallHierarchyPrepareParams,
} from "vscode-languageserver";
import type { Definition } from "../analysis/names.ts";
import { nameSpan } from "../analysis/occurrences.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import { definitionAtPlace } from "./navigation.ts";

const FUNCTION = 12;

function itemOf(snapshot: Snapshot, definition: Definition): CallHierarchyItem {
  const { name, pos, variable } = definition;
  const selection = nameSpan(snapshot, pos, name);
  const end = Math.max(selection.end, variable.binding?.value.end ?? 0);
  return {
    name: decodeUtf8(name),
    kind: FUNCTION,
    uri: snapshot.uri,
    range: snapshot.range({ start: selection.start, end }),
    selectionRange: snapshot.range(selection),
  };
}

/** The definitions whose value is a function. */
function functionsIn(snapshot: Snapshot): Definition[] {
  return snapshot.names.definitions.filter(
    ({ variable }) => variable.binding?.value.kind === NodeKind.Lambda,
  );
}

/** The innermost function of the text that holds a place. */
function functionAround(snapshot: Snapshot, { start, end }: Span): Definition | undefined {
  let best: Definition | undefined;
  for (const definition of functionsIn(snapshot)) {
    const value = definition.variable.binding?.value as Span;
    if (value.start > start || value.end < end) continue;
    const known = best?.variable.binding?.value;
    if (known === undefined || value.start > known.start) best = definition;
  }
  return best;
}

function found(item: CallHierarchyItem, bench: Workbench) {
  const snapshot = bench.open(item.uri);
  if (snapshot === undefined) return undefined;
  const offset = snapshot.offset(item.selectionRange.start);
  const definition = snapshot.names.definitionAt(offset);
  return definition === undefined ? undefined : { snapshot, definition };
}

/** `textDocument/prepareCallHierarchy` */
export const callHierarchyFeature: Feature = {
  method: "textDocument/prepareCallHierarchy",
  title: "Call hierarchy",
  does: "the functions of a text that call a function, and those that it calls",
  peers: { nil: "none", nixd: "none" },
  test: "navigation.test.ts",
  capabilities: () => ({ callHierarchyProvider: true }),
  empty: null,
  run: aboutDocument(
    (snapshot, { position }: CallHierarchyPrepareParams): CallHierarchyItem[] | null => {
      const definition = definitionAtPlace(snapshot, snapshot.offset(position));
      return definition === undefined ? null : [itemOf(snapshot, definition)];
    },
  ),
};

/** `callHierarchy/incomingCalls` */
export const incomingCallsFeature: Feature = {
  method: "callHierarchy/incomingCalls",
  test: "navigation.test.ts",
  capabilities: () => ({}),
  empty: [],
  run: (
    bench: Workbench,
    { item }: CallHierarchyIncomingCallsParams,
  ): CallHierarchyIncomingCall[] | null => {
    const place = found(item, bench);
    if (place === undefined) return null;
    const { snapshot, definition } = place;
    const calls = new Map<Definition, CallHierarchyIncomingCall>();
    for (const use of definition.uses) {
      const caller = functionAround(snapshot, use);
      if (caller === undefined) continue;
      const range = snapshot.range(use);
      const known = calls.get(caller);
      if (known !== undefined) known.fromRanges.push(range);
      else calls.set(caller, { from: itemOf(snapshot, caller), fromRanges: [range] });
    }
    return [...calls.values()];
  },
};

/** `callHierarchy/outgoingCalls` */
export const outgoingCallsFeature: Feature = {
  method: "callHierarchy/outgoingCalls",
  test: "navigation.test.ts",
  capabilities: () => ({}),
  empty: [],
  run: (
    bench: Workbench,
    { item }: CallHierarchyOutgoingCallsParams,
  ): CallHierarchyOutgoingCall[] | null => {
    const place = found(item, bench);
    if (place === undefined) return null;
    const { snapshot, definition } = place;
    const value = definition.variable.binding?.value;
    if (value === undefined) return null;
    const calls = new Map<Definition, CallHierarchyOutgoingCall>();
    for (const use of snapshot.names.uses) {
      if (use.start < value.start || use.end > value.end) continue;
      const callee = use.definition;
      if (callee?.variable.binding?.value.kind !== NodeKind.Lambda) continue;
      const range = snapshot.range(use);
      const known = calls.get(callee);
      if (known !== undefined) known.fromRanges.push(range);
      else calls.set(callee, { to: itemOf(snapshot, callee), fromRanges: [range] });
    }
    return [...calls.values()];
  },
};
