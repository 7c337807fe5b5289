/**
 * Reading programs: from the path that an import or a command names to the text of a program.
 *
 * Symlinks are followed as C++ Nix does, and a directory stands for its `default.nix`. Nothing is
 * remembered here; see `program-files.ts`.
 */
import { canonPath, marked } from "@nivis/formats";
import type { Origin } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { DERIVATION_FILE, isOwnTree } from "../core-files.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { existingType, joinPath, MAX_LINKS, parentOfPath, resolveSymlinks } from "../path.ts";
import { accessorOf } from "../path-value.ts";
import type { FileType, SourceAccessor } from "../source-accessor.ts";
import { NixPath } from "../value/value.ts";

/** A text to evaluate, with everything that is needed to compile it. */
export interface Program {
  readonly text: string;
  readonly origin: Origin;
  /** The directory that relative paths in the text start from. */
  readonly basePath: NixPath;
}

/** Reads the program in a file. Throws an {@link EvalError}. */
export function readProgram(ctx: EvalContext, path: NixPath): Program {
  const files = accessorOf(ctx, path);
  const plain = ctx.caches.plainDirectories.of(files);
  let text: string;
  try {
    // Nix: the text is read through the symlink, but relative paths start at the symlink's
    // directory.
    text = files.readFile(resolveSymlinks(files, path.path, "full", plain));
  } catch (error) {
    throw evalErrorOf(error);
  }
  return { text, origin: originOf(files, path), basePath: path.at(parentOfPath(path.path)) };
}

/**
 * Follows symlinks at the end of a path and appends `default.nix` to a directory; that file may
 * be a symlink again. Throws an {@link EvalError} if the path does not exist.
 */
export function resolveExpressionPath(ctx: EvalContext, { path, accessor }: NixPath): NixPath {
  const files = accessor ?? ctx.io;
  const plain = ctx.caches.plainDirectories.of(files);
  let current = path;
  let type: FileType = "directory";
  try {
    for (let looks = 1; current !== "/"; looks++) {
      if (looks >= MAX_LINKS) {
        throw new EvalError(
          "io",
          marked`too many symbolic links encountered while traversing the path '${files.display(current)}'`,
        );
      }
      const place = resolveSymlinks(files, current, "ancestors", plain);
      type = existingType(files, place);
      if (type !== "symlink") break;
      const target = files.readLink(place);
      // Nix: relative to the directory's name, even if that name leads through a symlink.
      current = canonPath(
        target.startsWith("/") ? target : joinPath(parentOfPath(current), target),
      );
    }
  } catch (error) {
    throw evalErrorOf(error);
  }
  if (current === "/" || type === "directory") current = joinPath(current, "default.nix");
  return new NixPath(current, accessor);
}

/** Whether a file is the one of the function `derivation`. */
export function isDerivationFile({ path, accessor }: NixPath): boolean {
  return accessor === DERIVATION_FILE.accessor && path === DERIVATION_FILE.path;
}

/** Tells the host that a file is evaluated. */
export function tellOfFile(ctx: EvalContext, path: NixPath): void {
  const { io } = ctx;
  if (io.detail === undefined) return;
  const shown = accessorOf(ctx, path).display(path.path);
  io.detail({ level: "talkative", text: `evaluating file '${shown}'` });
}

/** Returns the origin of a file, for positions in it. */
function originOf(files: SourceAccessor, path: NixPath): Origin {
  const name = files.display(path.path);
  if (isOwnTree(path.accessor)) return { kind: "internal", name, path: path.path };
  return name === path.path
    ? { kind: "file", path: path.path }
    : { kind: "file", path: path.path, name };
}
