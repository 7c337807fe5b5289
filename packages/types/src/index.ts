/** The public names of `@nivis/types`: TypeScript declarations and JSON schemas of Nix values and options. */
export { type DeclarationOptions, declarationsOf, isExportName } from "./declarations.ts";
export { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
export {
  type OptionMode,
  type OptionTypeOptions,
  type OptionTypes,
  typeOfOptions,
} from "./option-types.ts";
export { type Field, type FunctionType, type ObjectType, type Type, unionOf } from "./type.ts";
export { typeOfValue, type ValueTypeOptions } from "./value-types.ts";
