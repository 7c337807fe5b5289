/**
 * Build environments: the variables and functions that the builder of a derivation starts with, as
 * `nivis develop` and `print-dev-env` show them.
 *
 * They are found by building: a derivation like the given one, whose builder is told to run a script of
 * ours instead, which writes down what bash knows. The script's output is a sequence of fields that
 * end in NUL, since no variable can contain one. Source of the rules: nix/develop.cc.
 */
import { EvalError } from "@nivis/eval";
import {
  type Derivation,
  type DerivedPath,
  decodeUtf8,
  encodeUtf8,
  finishDerivation,
  makeTextPath,
  marked,
} from "@nivis/formats";
import { nodeHashes } from "@nivis/node";
import type { Realisation } from "./realisation.ts";
import type { Session } from "./session.ts";

/** A variable of bash. Texts are bytes. */
export type BashVariable =
  | { readonly type: "exported" | "var"; readonly value: string }
  | { readonly type: "array"; readonly value: readonly string[] }
  | { readonly type: "associative"; readonly value: ReadonlyMap<string, string> };

/** See the head of this file. */
export interface BuildEnvironment {
  readonly variables: ReadonlyMap<string, BashVariable>;
  /** The bodies by name. */
  readonly functions: ReadonlyMap<string, string>;
  /** The files with structured attributes, if the derivation has them. */
  readonly structuredAttrs?: StructuredAttrs;
}

/** The contents of the files that `NIX_ATTRS_JSON_FILE` and `NIX_ATTRS_SH_FILE` name. */
export interface StructuredAttrs {
  readonly json: string;
  readonly sh: string;
}

/** Variables of bash itself and of this script, which say nothing about the derivation. */
const OWN_VARIABLES =
  "_|DIRSTACK|EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|PIPESTATUS|PWD|OLDPWD|RANDOM|SECONDS|SHLVL|SRANDOM|EPOCHREALTIME|EPOCHSECONDS|LINENO|BASH*|COMP_*|nivis_*";

const SCRIPT = `if [ -e "\${NIX_ATTRS_SH_FILE-}" ]; then . "$NIX_ATTRS_SH_FILE"; fi
export IN_NIX_SHELL=impure
export dontAddDisableDepTrack=1
if [ -n "\${stdenv-}" ]; then . "$stdenv/setup"; fi
set +eu
case $(declare -p outputs 2>/dev/null) in
  "declare -A"*) for nivis_name in "\${!outputs[@]}"; do export "$nivis_name=\${outputs[$nivis_name]}"; done ;;
esac
nivis_variables=$(declare -p)
nivis_functions=$(declare -F)
nivis_dump() {
  local nivis_line nivis_flags nivis_name nivis_key
  while IFS= read -r nivis_line; do
    case $nivis_line in "declare -"*) ;; *) continue ;; esac
    nivis_line=\${nivis_line#declare -}
    nivis_flags=\${nivis_line%% *}
    nivis_name=\${nivis_line#* }
    nivis_name=\${nivis_name%%=*}
    case $nivis_name in ${OWN_VARIABLES}|*[!A-Za-z0-9_]*|"") continue ;; esac
    declare -n nivis_value=$nivis_name
    case $nivis_flags in
      *A*)
        printf "%s\\0" associative "$nivis_name" "\${#nivis_value[@]}"
        for nivis_key in "\${!nivis_value[@]}"; do
          printf "%s\\0" "$nivis_key" "\${nivis_value[$nivis_key]}"
        done ;;
      *a*) printf "%s\\0" array "$nivis_name" "\${#nivis_value[@]}" "\${nivis_value[@]}" ;;
      *x*) printf "%s\\0" exported "$nivis_name" "$nivis_value" ;;
      *) printf "%s\\0" var "$nivis_name" "$nivis_value" ;;
    esac
    unset -n nivis_value
  done <<< "$nivis_variables"
  while IFS= read -r nivis_line; do
    nivis_name=\${nivis_line#declare -f }
    case $nivis_name in nivis_*|"$nivis_line") continue ;; esac
    printf "%s\\0" function "$nivis_name" "$(declare -f "$nivis_name")"
  done <<< "$nivis_functions"
  if [ -e "\${NIX_ATTRS_JSON_FILE-}" ]; then
    printf "%s\\0" structured attrs "$(< "$NIX_ATTRS_JSON_FILE")" "$(< "$NIX_ATTRS_SH_FILE")"
  fi
}
case $(declare -p outputs 2>/dev/null) in
  "declare -A"*) nivis_outputs=("\${outputs[@]}") ;;
  *) nivis_outputs=(); for nivis_name in \${outputs-out}; do nivis_outputs+=("\${!nivis_name}"); done ;;
esac
for nivis_name in "\${nivis_outputs[@]}"; do : > "$nivis_name"; done
nivis_dump > "\${nivis_outputs[0]}"
`;

/** Variables of derivations that say what may be in their outputs. */
const CHECKS = [
  "allowedReferences",
  "allowedRequisites",
  "disallowedReferences",
  "disallowedRequisites",
];

/** An environment, and the store path of the file that describes it. */
export interface BuiltEnvironment {
  readonly environment: BuildEnvironment;
  readonly path: string;
}

/** Reads the environment in a store path that was built for one before. */
export function readEnvironment(path: string, session: Session): BuiltEnvironment {
  const text = session.machine.readFile(session.realPath(path));
  return { environment: parseEnvironment(text), path };
}

/** Builds the environment of a derivation. */
export async function buildEnvironmentOf(
  drvPath: string,
  session: Session,
  realisation: Realisation,
): Promise<BuiltEnvironment> {
  const { store } = realisation;
  const { storeDir } = store;
  const drv = store.readDerivation(drvPath);
  if (drv === undefined)
    throw new EvalError("invalid-path", marked`path '${drvPath}' is not valid`);
  if (drv.builder.slice(drv.builder.lastIndexOf("/") + 1) !== "bash") {
    throw new EvalError(
      "value",
      "'nix develop' only works on derivations that use 'bash' as their builder",
    );
  }
  const script = makeTextPath({ storeDir, hashes: nodeHashes }, "get-environment.sh", SCRIPT, []);
  store.addText(script, SCRIPT, []);
  const finished = finishDerivation(environmentDerivation(drv, script), {
    storeDir,
    hashes: nodeHashes,
    cache: session.evaluation.context.caches.derivations,
    readDerivation: (path) => {
      const found = store.readDerivation(path);
      if (found === undefined)
        throw new EvalError("invalid-path", marked`path '${path}' is not valid`);
      return found;
    },
  });
  store.addDerivation(finished);
  const wanted: DerivedPath = {
    kind: "built",
    drv: { kind: "opaque", path: finished.drvPath },
    outputs: "all",
  };
  const [built] = await realisation.build([wanted], "normal");
  for (const path of built?.outputs.values() ?? []) {
    const text = session.machine.readFile(session.realPath(path));
    if (text !== "") return { environment: parseEnvironment(text), path };
  }
  throw new EvalError("value", "the derivation's builder failed to produce an environment");
}

/** A derivation like another that writes down its environment. */
function environmentDerivation(drv: Derivation, script: string): Derivation {
  const name = `${drv.name}-env`;
  const env = new Map(drv.env);
  const attributes = env.get("__json");
  if (attributes === undefined) for (const check of CHECKS) env.delete(check);
  else env.set("__json", withoutOutputChecks(attributes));
  env.set("name", name);
  const outputs = new Map(drv.outputs);
  for (const [output, { kind }] of outputs) {
    if (kind !== "input-addressed" && kind !== "fixed") continue;
    outputs.set(output, { kind: "deferred" });
    env.set(output, "");
  }
  return {
    ...drv,
    name,
    env,
    outputs,
    args: [script],
    inputSrcs: new Set([...drv.inputSrcs, script]),
  };
}

/** Structured attributes without checks of outputs; the rest keeps its order and spelling. */
function withoutOutputChecks(json: string): string {
  const { outputChecks: _, ...rest } = JSON.parse(decodeUtf8(json)) as Record<string, unknown>;
  return encodeUtf8(JSON.stringify(rest));
}

/** What the script wrote, or C++ Nix's own script, which writes JSON. */
function parseEnvironment(text: string): BuildEnvironment {
  return text.startsWith("{") ? parseJson(text) : parseFields(text.split("\0"));
}

interface EnvironmentDocument {
  readonly bashFunctions?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, { readonly type: string; readonly value: unknown }>>;
  readonly structuredAttrs?: { readonly ".attrs.json": string; readonly ".attrs.sh": string };
}

function parseJson(text: string): BuildEnvironment {
  // The text is bytes; so are the texts in it.
  const document = JSON.parse(text) as EnvironmentDocument;
  const variables = new Map<string, BashVariable>();
  for (const [name, { type, value }] of Object.entries(document.variables ?? {})) {
    if (type === "exported" || type === "var") variables.set(name, { type, value: String(value) });
    else if (type === "array") variables.set(name, { type, value: value as readonly string[] });
    else if (type === "associative") {
      variables.set(name, { type, value: new Map(Object.entries(value as object)) });
    }
  }
  const attrs = document.structuredAttrs;
  return {
    variables,
    functions: new Map(Object.entries(document.bashFunctions ?? {})),
    ...(attrs === undefined
      ? {}
      : { structuredAttrs: { json: attrs[".attrs.json"], sh: attrs[".attrs.sh"] } }),
  };
}

function parseFields(fields: readonly string[]): BuildEnvironment {
  const variables = new Map<string, BashVariable>();
  const functions = new Map<string, string>();
  let structuredAttrs: StructuredAttrs | undefined;
  let at = 0;
  const next = (): string => fields[at++] ?? "";
  while (at < fields.length - 1) {
    const type = next();
    const name = next();
    switch (type) {
      case "associative": {
        const value = new Map<string, string>();
        for (let count = Number(next()); count > 0; count--) value.set(next(), next());
        variables.set(name, { type, value });
        break;
      }
      case "array": {
        const value: string[] = [];
        for (let count = Number(next()); count > 0; count--) value.push(next());
        variables.set(name, { type, value });
        break;
      }
      case "exported":
      case "var":
        variables.set(name, { type, value: next() });
        break;
      case "function":
        // Bash prints the name, and the body in braces.
        functions.set(name, /\{(.*)\}/s.exec(next())?.[1] ?? "");
        break;
      case "structured":
        structuredAttrs = { json: next(), sh: next() };
        break;
      default:
        throw new EvalError("value", "the environment that was built is not one");
    }
  }
  return { variables, functions, ...(structuredAttrs === undefined ? {} : { structuredAttrs }) };
}

/** Variables that the shell of the user keeps as they are. */
const KEPT = new Set(
  "BASHOPTS HOME NIX_BUILD_TOP NIX_ENFORCE_PURITY NIX_LOG_FD NIX_REMOTE PPID SHELLOPTS SSL_CERT_FILE TEMP TEMPDIR TERM TMP TMPDIR TZ UID".split(
    " ",
  ),
);

/** Variables to which the environment's own are added, so that the shell stays usable. */
const EXTENDED = ["PATH", "XDG_DATA_DIRS"];

/** The files with structured attributes, and the variables that name them. */
const ATTRIBUTE_FILES = [
  { variable: "NIX_ATTRS_JSON_FILE", file: ".attrs.json", of: "json" },
  { variable: "NIX_ATTRS_SH_FILE", file: ".attrs.sh", of: "sh" },
] as const;

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What of an environment is elsewhere in the shell of the user. */
export interface ShellPlaces {
  /** Where outputs go instead of the store. */
  readonly outputs: string;
  /** Where the files with structured attributes are written. */
  readonly attributes: string;
  /** Other texts that are replaced, such as store paths. */
  readonly redirects: ReadonlyMap<string, string>;
}

/** Whether the code for a shell mentions a text. */
export function mentions(environment: BuildEnvironment, text: string): boolean {
  return variablesAndFunctions(environment).includes(text);
}

/** Bash code that makes an environment. */
export function bashCodeOf(environment: BuildEnvironment, places: ShellPlaces): string {
  const lines = ["unset shellHook"];
  for (const name of EXTENDED) lines.push(`${name}=\${${name}:-}`, `nix_saved_${name}="$${name}"`);
  lines.push(variablesAndFunctions(environment));
  for (const name of EXTENDED) {
    lines.push(`${name}="$${name}\${nix_saved_${name}:+:$nix_saved_${name}}"`);
  }
  lines.push('export NIX_BUILD_TOP="$(mktemp -d -t nix-shell.XXXXXX)"');
  for (const name of ["TMP", "TMPDIR", "TEMP", "TEMPDIR"]) {
    lines.push(`export ${name}="$NIX_BUILD_TOP"`);
  }
  lines.push('eval "${shellHook:-}"');
  return rewritten(`${lines.join("\n")}\n`, environment, places);
}

/** Puts the places of the user's shell for those of the builder. */
function rewritten(code: string, environment: BuildEnvironment, places: ShellPlaces): string {
  const rewrites = new Map<string, string>();
  for (const [name, path] of outputsOf(environment)) {
    rewrites.set(path, `${places.outputs}/${name}`);
  }
  if (environment.structuredAttrs !== undefined) {
    for (const { variable, file } of ATTRIBUTE_FILES) {
      const value = environment.variables.get(variable)?.value;
      if (typeof value === "string") rewrites.set(value, `${places.attributes}/${file}`);
    }
  }
  for (const [from, to] of places.redirects) rewrites.set(from, to);
  let result = code;
  for (const [from, to] of rewrites) if (from !== "") result = result.replaceAll(from, () => to);
  return result;
}

function variablesAndFunctions(environment: BuildEnvironment): string {
  const lines: string[] = [];
  for (const [name, variable] of sorted(environment.variables)) {
    if (KEPT.has(name)) continue;
    switch (variable.type) {
      case "exported":
      case "var":
        lines.push(`${name}=${quote(variable.value)}`);
        if (variable.type === "exported") lines.push(`export ${name}`);
        break;
      case "array":
        lines.push(
          `declare -a ${name}=(${variable.value.map((one) => `${quote(one)} `).join("")})`,
        );
        break;
      case "associative": {
        const entries = sorted(variable.value).map(
          ([key, one]) => `[${quote(key)}]=${quote(one)} `,
        );
        lines.push(`declare -A ${name}=(${entries.join("")})`);
      }
    }
  }
  for (const [name, body] of sorted(environment.functions)) lines.push(`${name} ()\n{${body}}`);
  return lines.join("\n");
}

/** The files with structured attributes for a shell: names and contents. */
export function attributeFiles({ structuredAttrs }: BuildEnvironment): ReadonlyMap<string, string> {
  if (structuredAttrs === undefined) return new Map();
  return new Map(ATTRIBUTE_FILES.map(({ file, of }) => [file, structuredAttrs[of]]));
}

/** The paths of the outputs by their names, as the environment has them. */
function outputsOf({ variables }: BuildEnvironment): ReadonlyMap<string, string> {
  const outputs = variables.get("outputs");
  if (outputs?.type === "associative") return outputs.value;
  const names =
    outputs === undefined
      ? ["out"]
      : outputs.type === "array"
        ? outputs.value
        : outputs.value.split(/\s+/).filter((name) => name !== "");
  return new Map(
    names.map((name) => {
      const variable = variables.get(name);
      return [name, typeof variable?.value === "string" ? variable.value : ""];
    }),
  );
}

/** The document that `print-dev-env --json` prints, as a value of byte strings. */
export function environmentJson(environment: BuildEnvironment): unknown {
  const attrs = environment.structuredAttrs;
  const variables = sorted(environment.variables).map(([name, { type, value }]) => [
    name,
    { type, value: value instanceof Map ? Object.fromEntries(sorted(value)) : value },
  ]);
  return {
    bashFunctions: Object.fromEntries(sorted(environment.functions)),
    ...(attrs === undefined
      ? {}
      : { structuredAttrs: { ".attrs.json": attrs.json, ".attrs.sh": attrs.sh } }),
    variables: Object.fromEntries(variables),
  };
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
