/**
 * Build environments: the variables and functions that the builder of a derivation starts with, as
 * `nivis develop` and `print-dev-env` show them.
 *
 * They are found by building: a derivation like the given one, whose builder is told to run a script of
 * ours instead, which writes down what bash knows. The script's output is a sequence of fields that
 * end in NUL, since no variable can contain one. Source of the rules: nix/develop.cc.
 */
import { EvalError } from "@nivis/eval";
import { type Derivation, type DerivedPath, finishDerivation, makeTextPath } from "@nivis/formats";
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
}

/** Variables of bash itself and of this script, which say nothing about the derivation. */
const OWN_VARIABLES =
  "_|DIRSTACK|EUID|FUNCNAME|GROUPS|HISTCMD|HOSTNAME|PIPESTATUS|PWD|OLDPWD|RANDOM|SECONDS|SHLVL|SRANDOM|EPOCHREALTIME|EPOCHSECONDS|LINENO|BASH*|COMP_*|nivis_*";

const SCRIPT = `if [ -e "\${NIX_ATTRS_SH_FILE-}" ]; then . "$NIX_ATTRS_SH_FILE"; fi
export IN_NIX_SHELL=impure
export dontAddDisableDepTrack=1
if [ -n "\${stdenv-}" ]; then . "$stdenv/setup"; fi
set +eu
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

/** Builds the environment of a derivation. */
export async function buildEnvironmentOf(
  drvPath: string,
  session: Session,
  realisation: Realisation,
): Promise<BuildEnvironment> {
  const { store } = realisation;
  const { storeDir } = store;
  const drv = store.readDerivation(drvPath);
  if (drv === undefined) throw new EvalError("invalid-path", `path '${drvPath}' is not valid`);
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
      if (found === undefined) throw new EvalError("invalid-path", `path '${path}' is not valid`);
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
    if (text !== "") return parseFields(text.split("\0"));
  }
  throw new EvalError("value", "the derivation's builder failed to produce an environment");
}

/** A derivation like another that writes down its environment. */
function environmentDerivation(drv: Derivation, script: string): Derivation {
  const name = `${drv.name}-env`;
  const env = new Map(drv.env);
  for (const check of CHECKS) env.delete(check);
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

function parseFields(fields: readonly string[]): BuildEnvironment {
  const variables = new Map<string, BashVariable>();
  const functions = new Map<string, string>();
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
      default:
        throw new EvalError("value", "the environment that was built is not one");
    }
  }
  return { variables, functions };
}

/** Variables that the shell of the user keeps as they are. */
const KEPT = new Set(
  "BASHOPTS HOME NIX_BUILD_TOP NIX_ENFORCE_PURITY NIX_LOG_FD NIX_REMOTE PPID SHELLOPTS SSL_CERT_FILE TEMP TEMPDIR TERM TMP TMPDIR TZ UID".split(
    " ",
  ),
);

/** Variables to which the environment's own are added, so that the shell stays usable. */
const EXTENDED = ["PATH", "XDG_DATA_DIRS"];

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Bash code that makes an environment; outputs go to `outputsDirectory` instead of the store. */
export function bashCodeOf(environment: BuildEnvironment, outputsDirectory: string): string {
  const lines = ["unset shellHook"];
  for (const name of EXTENDED) lines.push(`${name}=\${${name}:-}`, `nix_saved_${name}="$${name}"`);
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
  for (const name of EXTENDED) {
    lines.push(`${name}="$${name}\${nix_saved_${name}:+:$nix_saved_${name}}"`);
  }
  lines.push('export NIX_BUILD_TOP="$(mktemp -d -t nix-shell.XXXXXX)"');
  for (const name of ["TMP", "TMPDIR", "TEMP", "TEMPDIR"]) {
    lines.push(`export ${name}="$NIX_BUILD_TOP"`);
  }
  lines.push('eval "${shellHook:-}"');
  let code = `${lines.join("\n")}\n`;
  for (const [name, path] of outputsOf(environment)) {
    if (path !== "") code = code.replaceAll(path, () => `${outputsDirectory}/${name}`);
  }
  return code;
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
  const variables = sorted(environment.variables).map(([name, { type, value }]) => [
    name,
    { type, value: value instanceof Map ? Object.fromEntries(sorted(value)) : value },
  ]);
  return {
    bashFunctions: Object.fromEntries(sorted(environment.functions)),
    variables: Object.fromEntries(variables),
  };
}

function sorted<Value>(map: ReadonlyMap<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
