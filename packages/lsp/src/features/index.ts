/** The table of features: the server's handlers, its capabilities, and the rows of docs/lsp.md. */
import type { Feature } from "../feature.ts";
import {
  callHierarchyFeature,
  incomingCallsFeature,
  outgoingCallsFeature,
} from "./call-hierarchy.ts";
import { codeActionFeature, codeActionResolveFeature } from "./code-actions.ts";
import { codeLensFeature, executeCommandFeature } from "./commands.ts";
import { completionFeature, completionResolveFeature } from "./completion.ts";
import { documentDiagnosticFeature, workspaceDiagnosticFeature } from "./diagnostics.ts";
import {
  formattingFeature,
  onTypeFormattingFeature,
  rangeFormattingFeature,
} from "./formatting.ts";
import { hoverFeature } from "./hover.ts";
import { inlayHintFeature } from "./inlay-hints.ts";
import {
  declarationFeature,
  definitionFeature,
  highlightFeature,
  implementationFeature,
  referencesFeature,
  typeDefinitionFeature,
} from "./navigation.ts";
import { prepareRenameFeature, renameFeature } from "./rename.ts";
import { signatureHelpFeature } from "./signature-help.ts";
import { foldingFeature, linkFeature, linkResolveFeature, selectionFeature } from "./structure.ts";
import { documentSymbolFeature, workspaceSymbolFeature } from "./symbols.ts";
import { tokensDeltaFeature, tokensFeature, tokensRangeFeature } from "./tokens.ts";

/** All features, in the order of docs/lsp.md. */
export const FEATURES: readonly Feature[] = [
  documentDiagnosticFeature,
  workspaceDiagnosticFeature,
  completionFeature,
  completionResolveFeature,
  hoverFeature,
  signatureHelpFeature,
  definitionFeature,
  declarationFeature,
  typeDefinitionFeature,
  implementationFeature,
  referencesFeature,
  highlightFeature,
  renameFeature,
  prepareRenameFeature,
  documentSymbolFeature,
  workspaceSymbolFeature,
  callHierarchyFeature,
  incomingCallsFeature,
  outgoingCallsFeature,
  codeActionFeature,
  codeActionResolveFeature,
  formattingFeature,
  rangeFormattingFeature,
  onTypeFormattingFeature,
  foldingFeature,
  selectionFeature,
  linkFeature,
  linkResolveFeature,
  tokensFeature,
  tokensDeltaFeature,
  tokensRangeFeature,
  inlayHintFeature,
  codeLensFeature,
  executeCommandFeature,
];
