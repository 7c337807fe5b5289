/** Makes tar archives for tests, also such as no honest program would make. */
import { byteStringToBytes, encodeUtf8 } from "@nivis/formats";

/** A member; contents and names are texts. */
export interface Member {
  readonly name: string;
  /** The byte in the header: `0` file, `5` directory, `2` symlink, `1` hard link, … */
  readonly type?: string;
  readonly contents?: string;
  readonly target?: string;
  readonly mode?: number;
  readonly modified?: number;
  /** The size in the header, where it is not that of the contents. */
  readonly size?: number;
}

const BLOCK = 512;

function padded(text: string): string {
  return text + "\0".repeat(-text.length & (BLOCK - 1));
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, "0")}\0`;
}

function header(member: Member): string {
  const contents = encodeUtf8(member.contents ?? "");
  const fields = [
    encodeUtf8(member.name).padEnd(100, "\0"),
    octal(member.mode ?? 0o644, 8),
    octal(0, 8),
    octal(0, 8),
    octal(member.size ?? contents.length, 12),
    octal(member.modified ?? 1_000_000_000, 12),
    "        ",
    member.type ?? "0",
    encodeUtf8(member.target ?? "").padEnd(100, "\0"),
    "ustar\0",
    "00",
  ].join("");
  const bytes = padded(fields);
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += bytes.charCodeAt(i);
  return `${bytes.slice(0, 148)}${sum.toString(8).padStart(6, "0")}\0 ${bytes.slice(156)}`;
}

/** The bytes of an archive. */
export function tarArchive(members: readonly Member[]): Uint8Array {
  const text = members
    .map((member) => header(member) + padded(encodeUtf8(member.contents ?? "")))
    .join("");
  return byteStringToBytes(text + "\0".repeat(2 * BLOCK));
}

/** A pax header for the next member, or for all with the type `g`. */
export function paxHeader(records: Readonly<Record<string, string>>, type = "x"): Member {
  const contents = Object.entries(records)
    .map(([name, value]) => {
      const rest = ` ${name}=${value}\n`;
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length++;
      return `${length}${rest}`;
    })
    .join("");
  return { name: "pax_header", type, contents };
}
