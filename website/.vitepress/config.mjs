/**
 * The site: what is in it and in which order. The pages are those that `build.mjs` collects from the
 * repository, so that nothing is written twice; VitePress fails on a link that leads nowhere.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";

const pages = new URL("../pages/", import.meta.url).pathname;

/** The entries of a folder of pages, with their headings. */
function entries(folder, first = []) {
  const names = readdirSync(join(pages, folder))
    .filter((name) => name.endsWith(".md") && name !== "index.md")
    .map((name) => name.slice(0, -3));
  const ordered = [...first, ...names.filter((name) => !first.includes(name)).sort()];
  return ordered.map((name) => {
    const text = readFileSync(join(pages, folder, `${name}.md`), "utf8");
    const heading = /^# (.*)$/m.exec(text)?.[1] ?? name;
    return { text: heading.replaceAll("`", ""), link: `/${folder}/${name}` };
  });
}

export default defineConfig({
  title: "Nivis",
  description: "The Nix language in TypeScript",
  srcDir: "pages",
  outDir: "dist",
  cleanUrls: true,
  // The playground is built beside the pages; programs in the pages run in its element.
  head: [["script", { type: "module", src: "/playground/element.js" }]],
  ignoreDeadLinks: [/^\/playground\//],
  vue: { template: { compilerOptions: { isCustomElement: (tag) => tag === "nix-playground" } } },
  // Code of Nix is full of what Vue takes for its own.
  markdown: { attrs: { disable: true } },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Guide", link: "/guide/first-steps" },
      { text: "Reference", link: "/reference/commands" },
      { text: "Playground", link: "/playground/index.html", target: "_blank" },
      { text: "Packages", link: "/packages/nivis" },
      { text: "Design", link: "/design/001-the-machine" },
    ],
    sidebar: {
      "/guide/": [
        { text: "Guide", items: entries("guide", ["first-steps", "packages", "flakes"]) },
        { text: "In depth", items: entries("topics") },
      ],
      "/topics/": [
        { text: "Guide", items: entries("guide", ["first-steps", "packages", "flakes"]) },
        { text: "In depth", items: entries("topics") },
      ],
      "/reference/": [
        { text: "Reference", items: entries("reference", ["commands", "builtins", "lints"]) },
        { text: "Library", collapsed: true, items: entries("api", ["nivis"]) },
        { text: "Errors", collapsed: true, items: entries("errors") },
      ],
      "/errors/": [
        { text: "Reference", items: entries("reference", ["commands", "builtins", "lints"]) },
        { text: "Library", collapsed: true, items: entries("api", ["nivis"]) },
        { text: "Errors", items: entries("errors") },
      ],
      "/api/": [{ text: "Library", items: entries("api", ["nivis"]) }],
      "/packages/": [{ text: "Packages", items: entries("packages", ["nivis"]) }],
      "/design/": [{ text: "Design notes", items: entries("design") }],
    },
    outline: { level: [2, 3] },
  },
});
