/** The public names of `@nivis/lsp`. */

export type { Feature, Peers, Workbench } from "./feature.ts";
export { FEATURES } from "./features/index.ts";
export type {
  Cancelled,
  DescribedOption,
  DescribedPackage,
  DescribedValue,
  DirectoryEntry,
  Evaluated,
  EvaluationLimits,
  EvaluationProblem,
  EvaluationQuery,
  Evaluator,
  FileStatus,
  Host,
  ListedAttribute,
  OpenText,
  Place,
  Workspace,
} from "./host.ts";
export type { ServerName } from "./server.ts";
export { serve } from "./server.ts";
export type { SettingRow, Settings } from "./settings.ts";
export { SETTINGS } from "./settings.ts";
export { rangeIn } from "./text/position-map.ts";
