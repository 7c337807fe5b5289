/**
 * The frames and scopes of a stop as the debugger of C++ Nix shows them (`showDebugTrace` in libcmd/repl.cc,
 * `printEnvBindings` in libexpr/eval.cc): one for each function call, function, `let`, selection and file
 * around the place, and none for thunks and builtins.
 */
import {
  Attrs,
  type CodeRegion,
  type Environment,
  NO_POS,
  type PosIdx,
  type PositionTable,
  positionIn,
  type Slot,
} from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { type Expr, NodeKind, printIdentifier, type Select } from "@nivis/syntax";
import { isNixCall, type UnitCode } from "./code-map.ts";
import type { StopEvent } from "./engine.ts";
import { type DebugFrame, knownSet, levelsOf, type ScopeLevel } from "./frames.ts";

/** A frame of C++ Nix. */
export interface NixFrame {
  /** Whether it is the error's own frame. */
  readonly isError: boolean;
  /** What it does, such as `while calling 'f'`; bytes. */
  readonly hint: Bytes;
  readonly pos: PosIdx;
  readonly environment: Environment | undefined;
}

/** The frames of a stop, innermost first. */
export function nixFrames({ frames, reason, error, notPushed }: StopEvent): NixFrame[] {
  const found = frames.flatMap(framesIn).slice(notPushed);
  const [innermost] = found;
  if (innermost === undefined) return found;
  const { environment, ownPos } = innermost;
  if (reason === "break") {
    return [{ isError: true, hint: "breakpoint reached", pos: NO_POS, environment }, ...found];
  }
  // Nix: an error has no frame of its own where the expression around it has no position.
  if (error === undefined || ownPos === NO_POS) return found;
  const pos = error.pos > NO_POS ? error.pos : ownPos;
  return [{ isError: true, hint: error.message, pos, environment }, ...found];
}

/** A frame, and the position of the expression that it evaluates. */
interface FoundFrame extends NixFrame {
  readonly ownPos: PosIdx;
}

function framesIn(frame: DebugFrame): FoundFrame[] {
  const { code } = frame;
  if (code === undefined) return [];
  const { at } = frame.frame;
  const found: FoundFrame[] = [];
  const add = (hint: Bytes, expr: Expr, environment: Environment | undefined): void => {
    const pos = positionOf(code, expr);
    found.push({ isError: false, hint, pos, ownPos: pos, environment });
  };
  for (const region of code.regionsAt(at)) {
    const { expr } = region;
    if (isNixCall(expr)) add("while calling a function", expr, frame.environmentAt(region));
    else if (expr.kind === NodeKind.Let) {
      add("while evaluating a 'let' expression", expr, frame.environmentIn(expr));
    } else if (expr.kind === NodeKind.Select && isSelecting(code, expr, at)) {
      const path = `while evaluating the attribute '${pathOf(expr)}'`;
      add(path, expr, frame.environmentAt(region));
    }
  }
  const { expr } = code.unit;
  if (code.isFunction && expr.kind === NodeKind.Lambda && at >= code.lambda.bodyStart) {
    const { name } = code.lambda;
    const body = positionOf(code, expr.body);
    found.push({
      isError: false,
      hint: `while calling ${name === undefined ? "anonymous lambda" : `'${name}'`}`,
      pos: positionOf(code, expr),
      ownPos: body,
      environment: frame.environmentIn(expr),
    });
  }
  const { file } = code;
  if (code.unit.parent === undefined && file.path !== undefined) {
    add(`while evaluating the file '${file.source.displayName}':`, expr, undefined);
  }
  return found;
}

/** Whether the set of a selection is evaluated and an attribute is being selected. */
function isSelecting(code: UnitCode, expr: Select, at: number): boolean {
  const base = code.regions.find((region: CodeRegion) => region.expr === expr.base);
  return base !== undefined && at >= base.end;
}

function pathOf({ path }: Select): Bytes {
  return path
    .map(({ name }) => (name === undefined ? '"${...}"' : printIdentifier(name)))
    .join(".");
}

function positionOf({ file }: UnitCode, { pos }: Expr): PosIdx {
  return positionIn(file.resolution.base, pos);
}

const NORMAL = "\x1b[0m";
const RED = "\x1b[31;1m";
const BLUE = "\x1b[34;1m";
const MAGENTA = "\x1b[35;1m";

/** A frame as `:bt` and `:st` print it, without its number and with a newline at the end. */
export function renderNixFrame(
  { isError, hint, pos }: NixFrame,
  positions: PositionTable,
  color: boolean,
): Bytes {
  const title = isError ? `${paint(RED, "error: ", color)}${hint}\n` : `${hint}\n`;
  const place = positions.resolve(pos);
  if (place === undefined) return title;
  const { source, offset } = place;
  const { line, column } = source.lineColumn(offset);
  const lines = [`${source.displayName}:${line}:${column}`, ""];
  const before = source.line(line - 1);
  if (line > 1 && before !== undefined) lines.push(codeLine(line - 1, before));
  lines.push(codeLine(line, source.line(line) ?? ""));
  lines.push(`      |${" ".repeat(column)}${paint(RED, "^", color)}`);
  const after = source.line(line + 1);
  if (after !== undefined) lines.push(codeLine(line + 1, after));
  return `${title}${lines.join("\n")}\n`;
}

function codeLine(number: number, text: Bytes): Bytes {
  return ` ${String(number).padStart(5)}| ${text}`;
}

/** The number of a frame as `:bt` prints it. */
export function renderFrameNumber(index: number, color: boolean): Bytes {
  return `\n${paint(BLUE, String(index), color)}: `;
}

/** The levels of a scope as `:env` prints them; `globals` are the names that every text can use. */
export function renderEnvironment(
  environment: Environment | undefined,
  globals: readonly Bytes[],
  color: boolean,
  replNames?: readonly Bytes[],
): Bytes {
  let text = "";
  const levels: Pick<ScopeLevel, "names" | "namespace">[] = levelsOf(environment);
  // Nix: what was bound in a REPL is a level around the others.
  if (replNames !== undefined) levels.push({ names: replNames, namespace: undefined });
  levels.forEach((level, i) => {
    text += `Env level ${i}\nstatic: ${namesLine(level.names, color)}`;
    const set = level.namespace === undefined ? undefined : forcedSet(level.namespace);
    if (set !== undefined) text += `with: ${namesLine(set.names(), color)}`;
    text += "\n";
  });
  const visible = globals.filter((name) => !name.startsWith("__"));
  return `${text}Env level ${levels.length}\n${namesLine(visible, color)}\n`;
}

/** The set behind a `with`; `undefined` while it is not evaluated. */
export function forcedSet(namespace: Slot): Attrs | undefined {
  const set: unknown = knownSet(namespace);
  return set instanceof Attrs ? set : undefined;
}

function namesLine(names: readonly Bytes[], color: boolean): Bytes {
  const sorted = [...names].sort((a, b) => (a < b ? -1 : 1));
  return `${paint(MAGENTA, sorted.map((name) => `${name} `).join(""), color)}\n`;
}

function paint(code: string, text: Bytes, color: boolean): Bytes {
  return color ? `${code}${text}${NORMAL}` : text;
}
