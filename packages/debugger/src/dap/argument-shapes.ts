/**
 * The shapes of the arguments of requests, as far as the session reads them. Clients promise them, but a
 * client may have a bug: {@link checkedArguments} says what is wrong before anything is done. Source of the
 * fields: the specification at microsoft.github.io/debug-adapter-protocol, version 1.68.
 */

/** The shape of one field. */
type Shape =
  | "string"
  | "integer"
  | "boolean"
  /** An object with strings, numbers and Booleans. */
  | "texts"
  /** An array of strings. */
  | "strings"
  | Fields
  /** An array of such objects. */
  | readonly [Fields];

/** Fields by name; those whose name ends with `?` may be absent or null. */
interface Fields {
  readonly [name: string]: Shape;
}

const SOURCE = { "path?": "string", "sourceReference?": "integer" } as const;
const CONDITIONS = { "condition?": "string", "hitCondition?": "string" } as const;

const LAUNCH: Fields = {
  "program?": "string",
  "expression?": "string",
  "flake?": "string",
  "attr?": "string",
  "args?": "texts",
  "argstr?": "texts",
  "nixPath?": "strings",
  "settings?": "texts",
  "cwd?": "string",
  "stopOnEntry?": "boolean",
  "deep?": "boolean",
  "noDebug?": "boolean",
};

const SHAPES: Readonly<Record<string, Fields>> = {
  launch: LAUNCH,
  attach: LAUNCH,
  restart: { "arguments?": LAUNCH },
  setBreakpoints: {
    source: SOURCE,
    "breakpoints?": [
      { line: "integer", "column?": "integer", ...CONDITIONS, "logMessage?": "string" },
    ],
  },
  setFunctionBreakpoints: { "breakpoints?": [{ name: "string", ...CONDITIONS }] },
  setInstructionBreakpoints: {
    "breakpoints?": [{ instructionReference: "string", "offset?": "integer", ...CONDITIONS }],
  },
  setDataBreakpoints: { "breakpoints?": [{ dataId: "string", ...CONDITIONS }] },
  setExceptionBreakpoints: {
    "filters?": "strings",
    "filterOptions?": [{ filterId: "string", "condition?": "string" }],
  },
  dataBreakpointInfo: { name: "string", "variablesReference?": "integer", "frameId?": "integer" },
  breakpointLocations: {
    source: SOURCE,
    line: "integer",
    "column?": "integer",
    "endLine?": "integer",
  },
  stackTrace: { "startFrame?": "integer", "levels?": "integer" },
  scopes: { frameId: "integer" },
  variables: { variablesReference: "integer", "start?": "integer", "count?": "integer" },
  evaluate: { expression: "string", "frameId?": "integer", "context?": "string" },
  completions: {
    text: "string",
    column: "integer",
    "line?": "integer",
    "frameId?": "integer",
  },
  source: { "source?": SOURCE, "sourceReference?": "integer" },
  disassemble: {
    memoryReference: "string",
    "offset?": "integer",
    "instructionOffset?": "integer",
    instructionCount: "integer",
  },
  stepInTargets: { frameId: "integer" },
  stepIn: { "targetId?": "integer", "granularity?": "string" },
  next: { "granularity?": "string" },
  cancel: { "requestId?": "integer" },
  disconnect: { "terminateDebuggee?": "boolean" },
};

/**
 * The arguments of a request without fields that are null. Throws a `RangeError` that names the first
 * field that is missing or has another shape; fields that the session does not read may be anything.
 */
export function checkedArguments(command: string, given: unknown): object {
  const fields = Object.hasOwn(SHAPES, command) ? SHAPES[command] : undefined;
  const shown = `the arguments of '${command}'`;
  const value = given ?? {};
  if (!isObject(value)) throw new RangeError(`${shown} must be an object`);
  return fields === undefined ? value : checkedObject(fields, value, shown, "");
}

function checkedObject(fields: Fields, value: object, shown: string, prefix: string): object {
  const checked: Record<string, unknown> = { ...value };
  for (const [key, shape] of Object.entries(fields)) {
    const isOptional = key.endsWith("?");
    const name = isOptional ? key.slice(0, -1) : key;
    const field = Object.hasOwn(checked, name) ? checked[name] : undefined;
    if (field !== undefined && field !== null) {
      checked[name] = checkedField(shape, field, shown, prefix + name);
    } else if (isOptional) delete checked[name];
    else throw new RangeError(`${shown} need '${prefix}${name}', ${describe(shape)}`);
  }
  return checked;
}

function checkedField(shape: Shape, value: unknown, shown: string, name: string): unknown {
  if (typeof shape === "object") {
    if (!isList(shape)) {
      if (isObject(value)) return checkedObject(shape, value, shown, `${name}.`);
    } else if (Array.isArray(value)) {
      return value.map((one: unknown, i) => checkedField(shape[0], one, shown, `${name}[${i}]`));
    }
  } else if (hasShape(shape, value)) return value;
  throw new RangeError(`in ${shown}, '${name}' must be ${describe(shape)}`);
}

function hasShape(shape: Extract<Shape, string>, value: unknown): boolean {
  switch (shape) {
    case "integer":
      return Number.isSafeInteger(value);
    case "strings":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "texts":
      return isObject(value) && Object.values(value).every(isScalar);
    default:
      return typeof value === shape;
  }
}

function describe(shape: Shape): string {
  switch (shape) {
    case "integer":
      return "an integer";
    case "strings":
      return "an array of strings";
    case "texts":
      return "an object whose fields are strings, numbers or Booleans";
    case "string":
      return "a string";
    case "boolean":
      return "a Boolean";
    default:
      return isList(shape) ? "an array" : "an object";
  }
}

function isList(shape: Fields | readonly [Fields]): shape is readonly [Fields] {
  return Array.isArray(shape);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
