/** Copying a source tree to a directory of the user. */
import { childPath, type SourceTree } from "@nivis/fetch";
import { InputError, marked } from "@nivis/formats";
import { NodeDisk } from "@nivis/node";

/** Copies a tree to a path on disk where nothing is. */
export function copyTree(tree: SourceTree, target: string): void {
  const disk = new NodeDisk();
  const open = [{ from: "/", to: target }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { from, to } = next;
    const stat = tree.stat(from);
    switch (stat?.type) {
      case "directory":
        disk.makeDirectory(to);
        for (const { name } of tree.readDirectory(from)) {
          open.push({ from: childPath(from, name), to: childPath(to, name) });
        }
        break;
      case "regular":
        disk.writeFile(to, tree.readFile(from));
        if (stat.isExecutable) disk.makeExecutable(to);
        break;
      case "symlink":
        disk.makeSymlink(tree.readLink(from), to);
        break;
      default:
        throw new InputError(marked`file '${tree.display(from)}' has an unsupported type`);
    }
  }
}
