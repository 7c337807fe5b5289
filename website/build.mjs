/**
 * Builds the site into `website/dist`: collects the pages from the documents of the repository, prints the
 * help of every command into one, builds the playground beside them, and runs VitePress, which is installed here if it is not there yet.
 * `--pages` only collects. Run by `npm run website`; needs a built checkout.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..");
const pages = join(here, "pages");

/** Documents of `docs` that are for looking things up; the others explain. */
const REFERENCE = ["builtins", "opcodes", "lints", "settings", "statistics", "inputs"];

/** From the path of a document in the repository to that of its page, both without a slash in front. */
const places = new Map();

function collect() {
  for (const name of markdownIn("docs")) {
    const folder = REFERENCE.includes(name.slice(0, -3)) ? "reference" : "topics";
    places.set(`docs/${name}`, `${folder}/${name}`);
  }
  for (const folder of ["guide", "design", "errors"]) {
    for (const name of markdownIn(`docs/${folder}`)) {
      places.set(`docs/${folder}/${name}`, `${folder}/${name === "README.md" ? "index.md" : name}`);
    }
  }
  for (const name of markdownIn("docs/api")) {
    places.set(`docs/api/${name}`, `api/${name.replace(".api.md", ".md")}`);
  }
  for (const name of readdirSync(join(root, "packages"))) {
    const readme = `packages/${name}/README.md`;
    if (existsSync(join(root, readme))) places.set(readme, `packages/${name}.md`);
  }
  for (const [name, page] of [
    ["ARCHITECTURE.md", "design/architecture.md"],
    ["CONTRIBUTING.md", "design/contributing.md"],
  ]) {
    places.set(name, page);
  }
  rmSync(pages, { recursive: true, force: true });
  for (const [document, page] of places) {
    const text = readFileSync(join(root, document), "utf8");
    write(page, translated(document, page, page.startsWith("api/") ? apiPage(page, text) : text));
  }
  cpSync(join(here, "home.md"), join(pages, "index.md"));
  write("reference/commands.md", commandsPage());
}

/** The page of a module of the library: its report of API Extractor under a heading of its own. */
function apiPage(page, report) {
  const module = posix.basename(page, ".md");
  const name = module === "nivis" ? module : `nivis/${module}`;
  const declarations = report.slice(report.indexOf("\n```ts"));
  return `# \`${name}\`\n\nWhat the module exports, as TypeScript declares it.\n${declarations}`;
}

function markdownIn(folder) {
  return readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
}

function write(page, text) {
  mkdirSync(dirname(join(pages, page)), { recursive: true });
  writeFileSync(join(pages, page), text);
}

/** A document with its links led to pages, and with nothing that Vue would take for its own. */
function translated(document, page, text) {
  // Every second part is code, which stays as it is.
  const parts = text.split(/(^```.*?^```$|`+[^`\n]+`+)/gms);
  return parts
    .map((part, i) => {
      if (i % 2 === 1) {
        if (!part.startsWith("```")) return vueSafe(part);
        return part.replace(/^```(\w+) .*/, "```$1") + tryIt(part);
      }
      return part
        .replace(/\]\((?!\w+:)([^)#\s]+)(#[^)]*)?\)/g, (whole, target, anchor = "") => {
          const path = posix.normalize(posix.join(posix.dirname(document), target));
          const place = places.get(path) ?? places.get(posix.join(path, "README.md"));
          // What has no page is a file of the repository, which is named and not linked.
          if (place === undefined) return "]";
          return `](${relative(posix.dirname(page), place) || posix.basename(page)}${anchor})`;
        })
        .replace(/\[((?:[^[\]]|\[[^\]]*\])+)\](?![([:])/g, "$1")
        .replace(/<(?!br>)/g, "&lt;")
        .replaceAll("{{", "&#123;&#123;");
    })
    .join("");
}

/**
 * What follows a block of code that is a whole program: the same program in a playground, which is loaded
 * when it is opened. A block with the name of a file is one, unless it needs other files.
 */
function tryIt(block) {
  const text = /^```nix \S+\.nix\n(.*)^```$/ms.exec(block)?.[1];
  if (text === undefined || /\.\.?\/|<[\w/.-]+>|^\s*(?:inputs|outputs|description) =/m.test(text))
    return "";
  const code = text
    .replaceAll("&", "&amp;")
    .replaceAll('"', "&quot;")
    .replaceAll("<", "&lt;")
    .replaceAll("\n", "&#10;");
  return `\n\n<details class="try"><summary>Try it</summary><nix-playground v-pre code="${code}"></nix-playground></details>`;
}

/** Inline code with braces in pairs has to say that it is no expression of Vue. */
function vueSafe(code) {
  if (!code.includes("{{")) return code;
  const text = code
    .replace(/^`+ ?| ?`+$/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");
  return `<code v-pre>${text}</code>`;
}

/** The help of every command, and of every command of a group. */
function commandsPage() {
  const sections = [];
  const visit = (words) => {
    const help = nivis([...words, "--help"]).trimEnd();
    if (words.length > 0) {
      sections.push({ name: `nivis ${words.join(" ")}`, level: words.length + 1, help });
    }
    const list = /\nCommands:\n((?: {2}\S.*\n| {5,}.*\n)*)/.exec(`${help}\n`)?.[1] ?? "";
    for (const [, word] of list.matchAll(/^ {2}(\S+)/gm)) visit([...words, word]);
  };
  visit([]);
  const rows = sections.map(({ name, help }) => {
    const summary = (/ - (.*)/.exec(help)?.[1] ?? "").replaceAll("<", "&lt;");
    return `| [\`${name}\`](#${name.replaceAll(" ", "-")}) | ${summary} |`;
  });
  return [
    "# Commands\n\nWhat `nivis COMMAND --help` prints.\n",
    `| command | purpose |\n| --- | --- |\n${rows.join("\n")}\n`,
    ...sections.map(
      ({ name, level, help }) => `${"#".repeat(level)} ${name}\n\n\`\`\`text\n${help}\n\`\`\`\n`,
    ),
  ].join("\n");
}

function nivis(args) {
  const command = join(root, "packages", "nivis", "bin", "nivis.cjs");
  return execFileSync(process.execPath, [command, ...args], { encoding: "utf8", cwd: here });
}

collect();
if (!process.argv.includes("--pages")) {
  if (!existsSync(join(here, "node_modules", "vitepress"))) {
    execFileSync("npm", ["install", "--no-audit", "--no-fund"], { cwd: here, stdio: "inherit" });
  }
  execFileSync(
    process.execPath,
    [join(root, "scripts", "build-playground.mjs"), "--out", join(pages, "public", "playground")],
    { cwd: root, stdio: "inherit" },
  );
  execFileSync(
    process.execPath,
    [join(here, "node_modules", "vitepress", "bin", "vitepress.js"), "build"],
    {
      cwd: here,
      stdio: "inherit",
    },
  );
}
