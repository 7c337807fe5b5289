/**
 * `npm run vscode`: packs the extension in `editors/vscode` into `editors/vscode/nivis.vsix`, together with
 * the built commands, which are its server. The settings in its manifest come from the table of settings of
 * the server. A `.vsix` is a zip file with a manifest of its own (`extension.vsixmanifest`).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { zipSync } from "fflate";
import { SETTINGS, type SettingRow } from "../packages/lsp/src/settings.ts";
import { root, sourceAliases } from "./workspace.mjs";

const source = join(root, "editors", "vscode");
const nivis = join(root, "packages", "nivis");

/** The files of the package by their path below `extension/`. */
const files: Record<string, Uint8Array> = {};

const encoder = new TextEncoder();
const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
const { version } = JSON.parse(readFileSync(join(nivis, "package.json"), "utf8"));
manifest.version = version;
manifest.contributes.configuration.properties = settingProperties();
files["package.json"] = encoder.encode(`${JSON.stringify(manifest, null, 2)}\n`);
for (const name of ["language-configuration.json", "README.md"])
  files[name] = readFileSync(join(source, name));
files["LICENSE"] = readFileSync(join(root, "LICENSE"));
for (const folder of ["syntaxes", "snippets"])
  for (const name of readdirSync(join(source, folder)))
    files[`${folder}/${name}`] = readFileSync(join(source, folder, name));
files["dist/extension.cjs"] = await bundle("extension.ts", { format: "cjs", platform: "node" });
files["dist/web-extension.cjs"] = await bundle("web-extension.ts", {
  format: "cjs",
  platform: "browser",
});
files["dist/server-worker.js"] = await bundle("server-worker.ts", {
  format: "iife",
  platform: "browser",
});
addServer();
const target = join(source, "nivis.vsix");
writeFileSync(target, packed());
process.stdout.write(`${target} written\n`);

/** A program of the extension with its libraries in one file. */
async function bundle(entry: string, options: BuildOptions): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(source, "src", entry)],
    bundle: true,
    write: false,
    minify: true,
    target: options.platform === "node" ? "node20" : "es2022",
    external: ["vscode"],
    alias: sourceAliases(),
    define: { NIVIS_VERSION: JSON.stringify(version) },
    logLevel: "warning",
    ...options,
  });
  const [file] = outputFiles ?? [];
  if (file === undefined) throw new Error(`${entry} has no output`);
  return file.contents;
}

/** The built commands: `bin/nivis.cjs` and what it loads. */
function addServer(): void {
  const dist = join(nivis, "dist");
  if (!existsSync(join(dist, "launch.cjs"))) throw new Error("build first: npm run build");
  for (const name of readdirSync(dist)) {
    if (!/\.c?js$|^THIRD-PARTY/.test(name) || name === "index.js") continue;
    files[`server/dist/${name}`] = readFileSync(join(dist, name));
  }
  files["server/bin/nivis.cjs"] = readFileSync(join(nivis, "bin", "nivis.cjs"));
  files["server/package.json"] = encoder.encode(`${JSON.stringify({ name: "nivis", version })}\n`);
}

function settingProperties(): Record<string, unknown> {
  const typeOf = ({ type }: SettingRow): object => {
    if (type === "strings") return { type: "array", items: { type: "string" } };
    if (type !== "expressions") return { type };
    const files = { type: "array", items: { type: "string" } };
    const properties = { expr: { type: "string" }, files };
    return { type: "object", additionalProperties: { type: "object", properties } };
  };
  return Object.fromEntries([
    [
      "nivis.server.path",
      {
        type: "string",
        default: "",
        scope: "machine",
        markdownDescription: "The command `nivis` to use instead of the one in the extension.",
      },
    ],
    ...SETTINGS.map((row) => [
      `nivis.${row.name}`,
      { ...typeOf(row), default: row.value, scope: "resource", markdownDescription: row.doc },
    ]),
  ]);
}

function packed(): Uint8Array {
  const escape = (text: string): string =>
    text.replace(/[<>&"]/g, (one) => `&#${one.charCodeAt(0)};`);
  const { name, publisher, displayName, description, engines, categories, keywords } = manifest;
  const vsixManifest = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${escape(name)}" Version="${escape(version)}" Publisher="${escape(publisher)}" />
    <DisplayName>${escape(displayName)}</DisplayName>
    <Description xml:space="preserve">${escape(description)}</Description>
    <Tags>${escape([...keywords, "__web_extension"].join(","))}</Tags>
    <Categories>${escape(categories.join(","))}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escape(engines.vscode)}" />
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace,web" />
    </Properties>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code" /></Installation>
  <Dependencies />
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true" />
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true" />
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE" Addressable="true" />
  </Assets>
</PackageManifest>
`;
  const types = ["json", "md", "cjs", "js", "txt", "vsixmanifest"].map(
    (extension) => `<Default Extension=".${extension}" ContentType="application/octet-stream" />`,
  );
  const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${types.join("")}<Override PartName="/extension/LICENSE" ContentType="text/plain" /></Types>
`;
  const entries: Record<string, Uint8Array> = {
    "[Content_Types].xml": encoder.encode(contentTypes),
    "extension.vsixmanifest": encoder.encode(vsixManifest),
  };
  for (const [path, content] of Object.entries(files)) entries[`extension/${path}`] = content;
  // The same input gives the same bytes.
  return zipSync(entries, { level: 9, mtime: new Date("2026-01-01T00:00:00Z") });
}
