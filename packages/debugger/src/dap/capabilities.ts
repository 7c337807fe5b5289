/** What the debugger tells clients that it can do. */
import type { DebugProtocol } from "@vscode/debugprotocol";

/** The errors and messages that can stop an evaluation. */
export const EXCEPTION_FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = [
  filter("uncaught", "Uncaught errors", "Errors that no tryEval catches", true),
  filter("caught", "Caught errors", "Errors that a tryEval catches", false),
  filter("throw", "throw", "All uses of builtins.throw, caught or not", false),
  filter("assertion", "assert", "All failed assertions, caught or not", false),
  filter("abort", "abort", "All uses of builtins.abort", false),
  filter("warn", "warn", "Messages of builtins.warn", false),
  filter("trace", "trace", "Messages of builtins.trace", false),
];

function filter(
  name: string,
  label: string,
  description: string,
  isDefault: boolean,
): DebugProtocol.ExceptionBreakpointsFilter {
  return {
    filter: name,
    label,
    description,
    default: isDefault,
    supportsCondition: name !== "warn" && name !== "trace",
    conditionDescription: "Text that the message contains",
  };
}

/** The answer to `initialize`. Values do not change, so nothing can be set or stepped back. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsEvaluateForHovers: true,
  exceptionBreakpointFilters: EXCEPTION_FILTERS,
  supportsExceptionFilterOptions: true,
  supportsExceptionInfoRequest: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ["."],
  supportsBreakpointLocationsRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsStepInTargetsRequest: true,
  supportsSteppingGranularity: true,
  supportsDisassembleRequest: true,
  supportsInstructionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsDelayedStackTraceLoading: true,
  supportsTerminateRequest: true,
  supportsRestartRequest: true,
  supportsCancelRequest: true,
  supportsClipboardContext: true,
  supportTerminateDebuggee: true,
};
