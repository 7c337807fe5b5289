/**
 * The state of a page as a link: everything is in the fragment, which no server sees.
 *
 *     #v1=<base64url of deflated JSON>
 *
 * Base64url has no `=` at its end, because programs for chats cut links there.
 */

/** What a link holds. */
export interface PageState {
  /** The texts by name; the first is evaluated. */
  readonly files: Readonly<Record<string, string>>;
  /** The file that is shown. */
  readonly open: string;
  /** The name of the view. */
  readonly view: string;
}

/** From this length on, some programs do not accept a link. */
export const LONG_LINK = 8192;
/** The longest state that is read, in characters when inflated. */
const MAX_STATE = 1 << 22;

/** Returns the fragment for a state, with its `#`. */
export async function fragmentOf(state: PageState): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(state));
  const bytes = await through(json, new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const base64 = btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return `#v1=${base64}`;
}

/** Reads a fragment; returns `undefined` for one that holds no state. Rejects if it is damaged. */
export async function stateOf(fragment: string): Promise<PageState | undefined> {
  const base64 = /^#v1=([\w-]+)$/.exec(fragment)?.[1];
  if (base64 === undefined) return undefined;
  let state: unknown;
  try {
    const binary = atob(base64.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const json = await through(bytes, new DecompressionStream("deflate-raw"));
    state = JSON.parse(new TextDecoder().decode(json));
  } catch {
    throw new Error("the link is damaged: part of it is missing");
  }
  if (!isState(state)) throw new Error("the link is not one of this playground");
  return state;
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    length += part.value.length;
    if (length > MAX_STATE) throw new Error("too long");
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function isState(value: unknown): value is PageState {
  if (typeof value !== "object" || value === null) return false;
  const { files, open, view } = value as Partial<Record<keyof PageState, unknown>>;
  if (typeof files !== "object" || files === null) return false;
  const names = Object.keys(files);
  const areTexts = Object.values(files).every((text) => typeof text === "string");
  return (
    names.length > 0 &&
    names.every(isFileName) &&
    areTexts &&
    typeof open === "string" &&
    names.includes(open) &&
    typeof view === "string"
  );
}

/** Whether a file may have a name: a relative path without `.` and `..`. */
export function isFileName(name: string): boolean {
  return /^[\w+-][\w.+-]*(?:\/[\w+-][\w.+-]*)*$/.test(name);
}
