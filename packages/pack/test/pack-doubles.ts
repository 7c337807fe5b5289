/** What the tests of packs share: a small tree like nixpkgs, and a server of ranges in memory. */
import { type EvalIo, memoryIo, type SourceAccessor } from "@nivis/eval";
import { type HttpFetch, type PackRequest, packBytes, packTree } from "@nivis/pack";

/** A tree with every kind of entry. */
export const FILES = {
  "/tree/default.nix":
    '{ system ? "x" }: let lib = import ./lib; in lib // { pkg = import ./pkgs/pkg { inherit system; }; }',
  "/tree/lib/default.nix":
    "{ double = x: x * 2; names = builtins.attrNames (builtins.readDir ../pkgs); }",
  "/tree/pkgs/pkg/default.nix":
    '{ system }: derivation { name = "pkg"; inherit system; builder = ./build.sh; src = ./src; patches = [ ./a.patch ../same.patch ]; }',
  "/tree/pkgs/pkg/build.sh": { contents: "#!/bin/sh\necho hello\n", executable: true },
  "/tree/pkgs/pkg/a.patch": "--- a\n+++ b\n",
  "/tree/pkgs/same.patch": "--- a\n+++ b\n",
  "/tree/pkgs/pkg/src/main.c": "int main() { return 0; }\n",
  "/tree/pkgs/pkg/src/data": "\0\xff\x80",
  "/tree/pkgs/pkg/src/link": { target: "main.c" },
  "/tree/pkgs/pkg/src/empty": "",
  "/tree/link": { target: "pkgs/pkg" },
  "/tree/loop": { target: "loop" },
  "/tree/out": { target: "/elsewhere/file" },
  "/tree/hollow": { directory: true },
} as const;

/** The tree as files of a host. */
export function treeIo(files: Parameters<typeof memoryIo>[0] = { files: FILES }): EvalIo {
  return memoryIo(files);
}

/** Returns the pack of {@link FILES}. */
export function packOf(
  files: Pick<EvalIo, keyof SourceAccessor> = treeIo(),
  more: Partial<PackRequest> = {},
): Uint8Array {
  return packBytes(packTree({ files, root: "/tree", ...more }));
}

/** A server of one file that keeps what it was asked for. */
export function server(bytes: Uint8Array, ranges = true) {
  const asked: string[] = [];
  const fetch: HttpFetch = async (_url, { headers }) => {
    const range = headers["range"] ?? "";
    asked.push(range);
    const [, start = 0, end = 0] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
    const body = ranges ? bytes.slice(start, end + 1) : bytes.slice();
    return {
      status: ranges ? 206 : 200,
      headers: { get: () => null },
      arrayBuffer: async () => body.buffer as ArrayBuffer,
    };
  };
  return { fetch, asked };
}
