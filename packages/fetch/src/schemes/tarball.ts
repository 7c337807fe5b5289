/** The schemes `tarball`, an archive from a URL, and `file`, a single file from one. */
import {
  describeInput,
  type FetcherInput,
  InputError,
  inputFromUrl,
  narHashOf,
  parseUrl,
  revOf,
  stringAttr,
  tryStringAttr,
  withInputAttrs,
} from "@nivis/formats";
import { formatNarHash } from "../cache/tree-cache.ts";
import { fileTree } from "../tree/memory-tree.ts";
import { NamedTree } from "../tree/named-tree.ts";
import { hashTree } from "../tree/source-tree.ts";
import { downloadFile, downloadTree } from "./download-cache.ts";
import { type FetchScheme, quoted, type SchemeContext, type SchemeResult } from "./scheme.ts";

async function fetchTarball(context: SchemeContext, asked: FetcherInput): Promise<SchemeResult> {
  const url = stringAttr(asked.attrs, "url");
  const { tree, narHash, lastModified, immutableUrl } = await downloadTree(context, url);
  let input = asked;
  if (immutableUrl !== undefined) {
    input = inputFromUrl(parseUrl(immutableUrl), true);
    if (input.scheme?.name !== "tarball") {
      throw new InputError(
        "tarball 'Link' headers that redirect to non-tarball URLs are not supported",
      );
    }
  }
  if (lastModified !== 0 && !input.attrs.has("lastModified")) {
    input = withInputAttrs(input, { lastModified });
  }
  const locked = withInputAttrs(input, { narHash });
  const fingerprint = `tarball:${narHashOf(locked.attrs) ?? revOf(locked.attrs)}`;
  return {
    input: locked,
    tree: new NamedTree(tree, quoted(describeInput(asked)), fingerprint),
    fingerprint,
    narHash,
  };
}

async function fetchFile(context: SchemeContext, asked: FetcherInput): Promise<SchemeResult> {
  const url = stringAttr(asked.attrs, "url");
  const name = tryStringAttr(asked.attrs, "name") ?? "source";
  const { contents } = await downloadFile(context, url, name);
  const file = fileTree(contents);
  const narHash = formatNarHash(hashTree(file, context.host.hashes));
  const input = withInputAttrs(asked, { narHash });
  const tree = new NamedTree(file, quoted(describeInput(input)), undefined);
  return { input, tree, fingerprint: undefined, narHash };
}

/** See the head of this file. */
export const tarballScheme: FetchScheme = { name: "tarball", fetch: fetchTarball };

/** See the head of this file. */
export const fileScheme: FetchScheme = { name: "file", fetch: fetchFile };
