/** FileAccessor: a tree whose root is one file in memory, such as a download. */
import { marked } from "@nivis/formats";
import { type FileType, IoError, type SourceAccessor } from "../source-accessor.ts";

/** A tree that consists of one regular file. */
export class FileAccessor implements SourceAccessor {
  readonly #contents: string;

  /** @param contents - the bytes of the file */
  constructor(contents: string) {
    this.#contents = contents;
  }

  fileType(path: string): FileType | undefined {
    return path === "/" ? "regular" : undefined;
  }

  isExecutable(): boolean {
    return false;
  }

  readFile(path: string): string {
    if (path === "/") return this.#contents;
    throw new IoError("ENOENT", marked`path '${path}' does not exist`);
  }

  readDirectory(path: string): never {
    throw new IoError("ENOTDIR", marked`'${path}' is not a directory`);
  }

  readLink(path: string): never {
    throw new IoError("EINVAL", marked`file '${path}' is not a symlink`);
  }

  display(path: string): string {
    return path;
  }

  physicalPath(): undefined {
    return undefined;
  }
}
