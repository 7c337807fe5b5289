/** A tree that is fetched file by file while it is evaluated, as in a browser. */
import { evaluateFileAsync, IoError, type NixFiles } from "nivis";

const server = new Map([
  ["/default.nix", "import ./lib { greeting = builtins.readFile ./hello.txt; }"],
  ["/lib/default.nix", "{ greeting }: { inherit greeting; }"],
  ["/hello.txt", "Grüße"],
]);
const requested: string[] = [];
const files: NixFiles = {
  fileType: (path) => {
    if (server.has(path)) return "regular";
    const isDirectory = [...server.keys()].some((file) => file.startsWith(`${path}/`));
    return isDirectory || path === "/" ? "directory" : undefined;
  },
  readFile: async (path) => {
    requested.push(path);
    await Promise.resolve(); // here a page would call fetch()
    const text = server.get(path);
    if (text === undefined) throw new IoError("ENOENT", `path '${path}' does not exist`);
    return text;
  },
  readDirectory: () => [],
};
console.log(await evaluateFileAsync("/", { files })); // { greeting: 'Grüße' }
console.log(requested); // [ '/default.nix', '/lib/default.nix', '/hello.txt' ]
