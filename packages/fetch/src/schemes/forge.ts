/**
 * The schemes `github`, `gitlab` and `sourcehut`: a branch or tag becomes a commit by asking the forge,
 * and the commit a tree by downloading its archive (C++ Nix: libfetchers/github.cc).
 */
import {
  bytesToByteString,
  describeInput,
  type FetcherInput,
  FormatError,
  InputError,
  inputFromUrl,
  marked,
  parseUrl,
  revOf,
  stringAttr,
  tryStringAttr,
  withInputAttrs,
} from "@nivis/formats";
import { NamedTree } from "../tree/named-tree.ts";
import { downloadFile, downloadTree, parseServerJson } from "./download-cache.ts";
import { type FetchScheme, quoted, type SchemeContext, type SchemeResult } from "./scheme.ts";

/** Where a repository is. */
interface Repository {
  readonly host: string;
  readonly owner: string;
  readonly repo: string;
}

/** How one forge is asked. */
interface Forge {
  readonly name: string;
  readonly host: string;
  /** The header that a token goes into. */
  tokenHeader(token: string, warn: (message: string) => void): readonly [string, string];
  /** Finds the commit that a branch or tag is at. */
  resolve(ask: ForgeQuestion, place: Repository, ref: string): Promise<string>;
  archiveUrl(place: Repository, rev: string, hasToken: boolean): string;
  /** The URL of the repository for git. */
  gitUrl(place: Repository): string;
}

/** A question to a forge. */
interface ForgeQuestion {
  readonly input: FetcherInput;
  /** Downloads something with the token that is meant for the repository. */
  download(url: string): Promise<Uint8Array>;
}

const GITHUB: Forge = {
  name: "github",
  host: "github.com",
  tokenHeader: (token) => ["authorization", `token ${token}`],
  resolve: async ({ download }, { host, owner, repo }, ref) => {
    const base =
      host === "github.com" ? `https://api.${host}/repos` : `https://${host}/api/v3/repos`;
    const url = `${base}/${owner}/${repo}/commits/${ref}`;
    const json = parseServerJson(await download(url), url);
    return commitOf((json as { sha?: unknown } | null)?.sha, url);
  },
  archiveUrl: ({ host, owner, repo }, rev, hasToken) => {
    if (host !== "github.com")
      return `https://${host}/api/v3/repos/${owner}/${repo}/tarball/${rev}`;
    return hasToken
      ? `https://api.${host}/repos/${owner}/${repo}/tarball/${rev}`
      : `https://${host}/${owner}/${repo}/archive/${rev}.tar.gz`;
  },
  gitUrl: ({ host, owner, repo }) => `git+https://${host}/${owner}/${repo}.git`,
};

const GITLAB: Forge = {
  name: "gitlab",
  host: "gitlab.com",
  tokenHeader: (token, warn) => {
    const colon = token.indexOf(":");
    const type = colon < 0 ? token : token.slice(0, colon);
    const value = token.slice(colon + 1);
    if (type === "OAuth2") return ["authorization", `Bearer ${value}`];
    if (type === "PAT") return ["private-token", value];
    warn(`Unrecognized GitLab token type ${type}`);
    return [type.toLowerCase(), value];
  },
  resolve: async ({ download }, { host, owner, repo }, ref) => {
    const url = `https://${host}/api/v4/projects/${owner}%2F${repo}/repository/commits?ref_name=${ref}`;
    const contents = await download(url);
    const json = parseServerJson(contents, url);
    if (!Array.isArray(json)) {
      throw new InputError(
        marked`Unexpected response received from GitLab: ${bytesToByteString(contents)}`,
      );
    }
    if (json.length === 0) {
      throw new InputError("No commits returned by GitLab API -- does the git ref really exist?");
    }
    return commitOf((json[0] as { id?: unknown } | null)?.id, url);
  },
  archiveUrl: ({ host, owner, repo }, rev) =>
    `https://${host}/api/v4/projects/${owner}%2F${repo}/repository/archive.tar.gz?sha=${rev}`,
  gitUrl: ({ host, owner, repo }) => `git+https://${host}/${owner}/${repo}.git`,
};

const SOURCEHUT: Forge = {
  name: "sourcehut",
  host: "git.sr.ht",
  tokenHeader: (token) => ["authorization", `Bearer ${token}`],
  resolve: async ({ input, download }, { host, owner, repo }, ref) => {
    const base = `https://${host}/${owner}/${repo}`;
    let names = [`refs/heads/${ref}`, `refs/tags/${ref}`];
    const shown = describeInput(input);
    if (ref === "HEAD") {
      const head = bytesToByteString(await download(`${base}/HEAD`));
      const target = /^ref: (\S+)/.exec(head)?.[1];
      if (target === undefined) {
        throw new FormatError("bad-url", marked`in '${shown}', couldn't resolve HEAD ref '${ref}'`);
      }
      names = [target];
    }
    const refs = bytesToByteString(await download(`${base}/info/refs`));
    for (const line of refs.split("\n")) {
      const [id, name] = line.split("\t");
      if (id !== undefined && name !== undefined && names.includes(name)) return commitOf(id, base);
    }
    throw new FormatError("bad-url", marked`in '${shown}', couldn't find ref '${ref}'`);
  },
  archiveUrl: ({ host, owner, repo }, rev) =>
    `https://${host}/${owner}/${repo}/archive/${rev}.tar.gz`,
  gitUrl: ({ host, owner, repo }) => `git+https://${host}/${owner}/${repo}`,
};

const FORGES: readonly Forge[] = [GITHUB, GITLAB, SOURCEHUT];

/** The commit that a forge has named. */
function commitOf(id: unknown, url: string): string {
  if (typeof id === "string" && /^[0-9a-f]{40}$/i.test(id)) return id.toLowerCase();
  throw new InputError(marked`the server's response to '${url}' does not name a commit`);
}

function repositoryOf({ attrs }: FetcherInput, forge: Forge): Repository {
  return {
    host: tryStringAttr(attrs, "host") ?? forge.host,
    owner: stringAttr(attrs, "owner"),
    repo: stringAttr(attrs, "repo"),
  };
}

/**
 * The token for a repository: that of the longest beginning of `HOST/OWNER/REPO` that ends where a
 * segment ends; else that of the host.
 */
export function accessToken(
  tokens: ReadonlyMap<string, string>,
  host: string,
  owner: string,
  repo: string,
): string | undefined {
  const place = `${host}/${owner}/${repo}`;
  let best = "";
  for (const prefix of tokens.keys()) {
    if (prefix.length <= best.length || !`${place}/`.startsWith(`${prefix}/`)) continue;
    if (tokens.get(prefix) !== "") best = prefix;
  }
  return tokens.get(best === "" ? host : best);
}

async function fetchFromForge(
  forge: Forge,
  context: SchemeContext,
  asked: FetcherInput,
): Promise<SchemeResult> {
  const { host, settings } = context;
  const place = repositoryOf(asked, forge);
  const token = accessToken(settings.accessTokens, place.host, place.owner, place.repo);
  const headers =
    token === undefined
      ? undefined
      : new Map([forge.tokenHeader(token, (message) => host.reporter.warn(message))]);
  const ref = tryStringAttr(asked.attrs, "ref") ?? "HEAD";
  const question: ForgeQuestion = {
    input: asked,
    download: async (url) => (await downloadFile(context, url, "source", headers)).contents,
  };
  const rev = revOf(asked.attrs) ?? (await forge.resolve(question, place, ref));
  const input = withInputAttrs(asked, { rev, ref: undefined });
  const { tree, narHash, lastModified } = await archiveOf(context, rev, () =>
    downloadTree(context, forge.archiveUrl(place, rev, headers !== undefined), {
      headers,
      shown: describeInput(input),
    }),
  );
  const fingerprint = `${forge.name}:${rev}`;
  return {
    input: withInputAttrs(input, { lastModified }),
    tree: new NamedTree(tree, quoted(describeInput(input)), fingerprint),
    fingerprint,
    narHash,
  };
}

/** The tree of a commit: a commit names its contents, so no forge has to be asked twice. */
async function archiveOf(
  { cache, trees, host }: SchemeContext,
  rev: string,
  download: () => ReturnType<typeof downloadTree>,
) {
  const key = new Map([["rev", rev]]);
  const cached = cache.get("gitRevToTree", key)?.value;
  const narHash = cached === undefined ? undefined : tryStringAttr(cached, "narHash");
  const lastModified = cached?.get("lastModified");
  const tree = narHash === undefined ? undefined : trees.get(narHash);
  if (tree !== undefined && narHash !== undefined && typeof lastModified === "number") {
    return { tree, narHash, lastModified };
  }
  const downloaded = await download();
  const value = new Map<string, string | number>([
    ["narHash", downloaded.narHash],
    ["lastModified", downloaded.lastModified],
  ]);
  cache.put("gitRevToTree", key, value, host.now());
  return downloaded;
}

/** See the head of this file. */
export const forgeSchemes: readonly FetchScheme[] = FORGES.map((forge) => ({
  name: forge.name,
  fetch: (context, input) => fetchFromForge(forge, context, input),
}));

/** The Git input of the repository that an input of a forge means; `undefined` for other inputs. */
export function gitInputOfForge(input: FetcherInput): FetcherInput | undefined {
  const forge = FORGES.find(({ name }) => name === input.scheme?.name);
  if (forge === undefined) return undefined;
  return inputFromUrl(parseUrl(forge.gitUrl(repositoryOf(input, forge))), true);
}
