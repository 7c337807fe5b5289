/** Hover: what a name, an attribute or a path means. */
import { decodeUtf8 } from "@nivis/formats";
import { type Binding, BindingKind, NodeKind, type Span } from "@nivis/syntax";
import type { Hover, HoverParams } from "vscode-languageserver";
import { builtinMarkdown, builtinNamed, globalBuiltin } from "../analysis/builtins.ts";
import { documentationOf } from "../analysis/comments.ts";
import { subjectAt } from "../analysis/cursor.ts";
import { pathText, withsAround } from "../analysis/evaluations.ts";
import { type Definition, describeKind } from "../analysis/names.ts";
import { optionAt } from "../analysis/options.ts";
import { type AttributeSite, OriginSearch } from "../analysis/origins.ts";
import type { Snapshot } from "../analysis/snapshot.ts";
import { aboutDocument, type Feature, type Workbench } from "../feature.ts";
import type { Cancelled, DescribedOption, DescribedPackage, DescribedValue } from "../host.ts";

/** Lines and characters of source that a hover shows. */
const MAX_SHOWN = 200;

/** `textDocument/hover` */
export const hoverFeature: Feature = {
  method: "textDocument/hover",
  title: "Hover",
  does: "documentation of builtins, doc comments (RFC 145) and older comments, where a name comes from; by evaluation values, doc comments of functions in other files, packages with version, description and licence, and NixOS options",
  peers: { nil: "types, builtins", nixd: "packages, options" },
  test: "hover.test.ts",
  capabilities: () => ({ hoverProvider: true }),
  empty: null,
  run: aboutDocument(
    async (snapshot, { position }: HoverParams, bench, token): Promise<Hover | null> => {
      const subject = subjectAt(snapshot, snapshot.offset(position));
      if (subject === undefined) return null;
      const parts: string[] = [];
      const add = (text: string | undefined): void => {
        if (text !== undefined && text !== "") parts.push(text);
      };
      switch (subject.kind) {
        case "use": {
          const { use } = subject;
          if (use.kind === "global") {
            const builtin = globalBuiltin(decodeUtf8(use.name));
            if (builtin !== undefined) add(builtinMarkdown(builtin));
          } else if (use.definition !== undefined) {
            add(describeDefinition(snapshot, use.definition));
          } else {
            const withs = withsAround(snapshot, use.start);
            if (withs.length > 0) {
              const shown = withs.map((one) => `\`with ${brief(snapshot, one)}\``).join(", ");
              add(`\`${decodeUtf8(use.name)}\`: from ${shown}`);
            }
          }
          if (use.kind !== "global") {
            const variable = { kind: NodeKind.Var, name: use.name, pos: use.start, ...span(use) };
            const value = await bench.evaluations.describe(snapshot, variable as never, [], token);
            add(describedBeside(parts, value));
          }
          break;
        }
        case "definition":
          add(describeDefinition(snapshot, subject.definition));
          break;
        case "select":
        case "inherit": {
          const path = subject.kind === "select" ? subject.path : [subject.name];
          add(await describeAttribute(snapshot, subject.base, path, bench, token));
          break;
        }
        case "attribute":
          if (subject.binding !== undefined)
            add(describeBinding(snapshot, subject.binding, subject.path));
          add(await describeOption(snapshot, subject.span.start, bench, token));
          break;
        case "path": {
          const { expr } = subject;
          const path =
            expr.kind === NodeKind.Path
              ? decodeUtf8(expr.value)
              : await bench.files.searchPath(decodeUtf8(expr.value));
          add(path === undefined ? undefined : `\`${path}\``);
        }
      }
      if (parts.length === 0) return null;
      return {
        contents: { kind: "markdown", value: parts.join("\n\n---\n\n") },
        range: snapshot.range(subject.span),
      };
    },
  ),
};

function span({ start, end }: Span): Span {
  return { start, end };
}

/** An expression on one short line. */
function brief(snapshot: Snapshot, part: Span): string {
  const text = decodeUtf8(snapshot.slice(part)).replace(/\s+/g, " ");
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Markdown about a name that a text declares. */
export function describeDefinition(snapshot: Snapshot, definition: Definition): string {
  const { name, variable, owner } = definition;
  const { binding } = variable;
  if (binding !== undefined)
    return describeBinding(snapshot, binding, [name], describeKind(definition));
  const formal =
    owner.kind === NodeKind.Lambda
      ? owner.formals?.formals.find((one) => one.name === name)
      : undefined;
  const value = formal?.fallback === undefined ? "" : ` ? ${brief(snapshot, formal.fallback)}`;
  return `\`\`\`nix\n${decodeUtf8(name)}${value}\n\`\`\`\n\n${describeKind(definition)}`;
}

/** Markdown about a binding that is written in a text. */
export function describeBinding(
  snapshot: Snapshot,
  binding: Binding,
  path: readonly string[],
  kind = "attribute",
): string {
  const name = decodeUtf8(pathText(path));
  const value =
    binding.kind === BindingKind.Plain
      ? isImplicit(binding)
        ? `${name} = { … }`
        : `${name} = ${brief(snapshot, binding.value)}`
      : `inherit ${name}`;
  const doc = documentationOf(snapshot, binding);
  return `\`\`\`nix\n${value}\n\`\`\`\n\n${kind}${doc === undefined ? "" : `\n\n${doc}`}`;
}

function isImplicit({ value }: Binding): boolean {
  return value.kind === NodeKind.AttrSet && value.implicit;
}

async function describeAttribute(
  snapshot: Snapshot,
  base: Parameters<Workbench["evaluations"]["describe"]>[1],
  path: readonly string[],
  bench: Workbench,
  token: Cancelled,
): Promise<string | undefined> {
  if (base.kind === NodeKind.Var && base.name === "builtins" && path.length === 1) {
    const builtin = builtinNamed(path[0] as string);
    if (builtin !== undefined && snapshot.names.useAt(base.pos)?.kind === "global")
      return builtinMarkdown(builtin);
  }
  const search = new OriginSearch(bench.files);
  const sites: AttributeSite[] = [];
  for (const site of await search.attributeSites({ snapshot, expr: base }, path))
    sites.push(...(await search.written(site)));
  const parts: string[] = [];
  const [site] = sites;
  if (site !== undefined) {
    const where = site.snapshot === snapshot ? "" : `\n\nin \`${site.snapshot.path}\``;
    parts.push(`${describeBinding(site.snapshot, site.binding, [site.binding.name])}${where}`);
  }
  const value = await bench.evaluations.describe(snapshot, base, path, token);
  const described = describedBeside(parts, value);
  if (described !== undefined) parts.push(described);
  return parts.length === 0 ? undefined : parts.join("\n\n---\n\n");
}

async function describeOption(
  snapshot: Snapshot,
  offset: number,
  bench: Workbench,
  token: Cancelled,
): Promise<string | undefined> {
  const found = await optionAt(snapshot, offset, bench, token);
  return found?.option === undefined ? undefined : optionMarkdown(found.option);
}

/** Markdown about a value, without documentation that one of `parts` shows already. */
function describedBeside(
  parts: readonly string[],
  value: DescribedValue | undefined,
): string | undefined {
  const { documentation } = value ?? {};
  if (value === undefined || documentation === undefined) return describedValue(value);
  const isShown = parts.some((part) => part.includes(documentation));
  return describedValue(isShown ? { ...value, documentation: undefined } : value);
}

/** Markdown about a value. */
export function describedValue(value: DescribedValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (value.option !== undefined) return optionMarkdown(value.option);
  if (value.package !== undefined) return packageMarkdown(value.package);
  const formals = value.formals
    ?.map(({ name, optional }) => (optional ? `${name} ?` : name))
    .join(", ");
  const shown = formals === undefined ? value.shown : `{ ${formals} }: …`;
  const parts = [value.type, `\`\`\`nix\n${shown}\n\`\`\``];
  if (value.documentation !== undefined) parts.push(value.documentation);
  return parts.join("\n\n");
}

/** Markdown about a package. */
export function packageMarkdown(one: DescribedPackage): string {
  const lines = [`**${one.name}**`];
  if (one.description !== undefined) lines.push(one.description);
  const facts = [
    one.version === undefined ? "" : `version ${one.version}`,
    one.license === undefined ? "" : `licence ${one.license}`,
    one.homepage === undefined ? "" : `<${one.homepage}>`,
  ].filter((fact) => fact !== "");
  if (facts.length > 0) lines.push(facts.join(" · "));
  return lines.join("\n\n");
}

/** Markdown about an option. */
export function optionMarkdown(one: DescribedOption): string {
  const lines: string[] = [];
  if (one.type !== undefined) lines.push(`option: ${one.type}${one.readOnly ? ", read-only" : ""}`);
  if (one.description !== undefined) lines.push(one.description);
  if (one.default !== undefined) lines.push(`Default:\n\`\`\`nix\n${one.default}\n\`\`\``);
  if (one.example !== undefined) lines.push(`Example:\n\`\`\`nix\n${one.example}\n\`\`\``);
  for (const { path } of one.declarations) lines.push(`Declared in \`${path}\``);
  return lines.join("\n\n");
}
