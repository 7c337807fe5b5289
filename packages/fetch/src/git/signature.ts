/** Verifying the signature of a commit by keys that the input names, through `git verify-commit`. */
import {
  bytesToByteString,
  decodeBase64,
  encodeBase64,
  FormatError,
  type HashFunctions,
  type InputAttrs,
  InputError,
  marked,
  tryStringAttr,
} from "@nivis/formats";
import type { Disk } from "../host.ts";
import type { GitCommand } from "./command.ts";

/** A public key of ssh. */
export interface PublicKey {
  readonly type: string;
  /** In base 64. */
  readonly key: string;
}

/** What `ssh` calls the types of keys. */
const KEY_TYPES: Readonly<Record<string, string>> = {
  "ssh-dsa": "ssh-dsa",
  "ssh-ecdsa": "ssh-ecdsa",
  "ssh-ecdsa-sk": "sk-ecdsa-sha2-nistp256@openssh.com",
  "ssh-ed25519": "ssh-ed25519",
  "ssh-ed25519-sk": "sk-ssh-ed25519@openssh.com",
  "ssh-rsa": "ssh-rsa",
};

const DEFAULT_KEY_TYPE = "ssh-ed25519";

/** The keys that an input names, in `publicKey` and in `publicKeys`. */
export function publicKeysOf(attrs: InputAttrs): readonly PublicKey[] {
  const keys: PublicKey[] = [];
  const list = tryStringAttr(attrs, "publicKeys");
  if (list !== undefined) {
    const json: unknown = parseKeys(list);
    if (!Array.isArray(json)) throw new InputError("'publicKeys' is not a list of keys");
    for (const item of json as { type?: unknown; key?: unknown }[]) {
      const { type = DEFAULT_KEY_TYPE, key } = item ?? {};
      if (typeof type !== "string" || typeof key !== "string") {
        throw new InputError("'publicKeys' has an entry without a key");
      }
      keys.push({ type, key });
    }
  }
  const single = tryStringAttr(attrs, "publicKey");
  if (single !== undefined) {
    keys.push({ type: tryStringAttr(attrs, "keytype") ?? DEFAULT_KEY_TYPE, key: single });
  }
  return keys;
}

function parseKeys(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(marked`'publicKeys' is not valid JSON: ${error.message}`);
  }
}

/** Throws {@link InputError} unless one of the keys has signed a commit. */
export async function verifyCommit(
  git: GitCommand,
  disk: Disk,
  hashes: HashFunctions,
  directory: string,
  rev: string,
  keys: readonly PublicKey[],
): Promise<void> {
  const signers = keys.map(({ type, key }) => {
    const name = KEY_TYPES[type];
    if (name !== undefined) return `* ${name} ${key}\n`;
    const known = Object.keys(KEY_TYPES).map((one) => `  ${one}\n`);
    throw new InputError(
      marked`Invalid SSH key type '${type}' in publicKeys.\nPlease use one of:\n${known.join("")}`,
    );
  });
  const fingerprints = keys.map(({ key }) => fingerprintOf(key, hashes));
  const folder = disk.temporaryDirectory();
  try {
    const file = `${folder}/allowed-signers`;
    disk.writeFile(file, signers.join(""));
    const { code, output, errors } = await git.run(directory, [
      ...["-c", `gpg.ssh.allowedSignersFile=${file}`, "verify-commit", rev],
    ]);
    const said = bytesToByteString(output) + errors;
    // Git is also content with signatures by keys of somebody else's that the user happens to know.
    const good = [...said.matchAll(/Good "git" signature for \* with .* key SHA256:(\S+)/g)];
    if (code === 0 && good.some((found) => fingerprints.includes(found[1] as string))) return;
    throw new InputError(marked`Commit signature verification on commit ${rev} failed: ${said}`);
  } finally {
    disk.removeTree(folder);
  }
}

function fingerprintOf(key: string, hashes: HashFunctions): string {
  try {
    return encodeBase64(hashes.hash("sha256", decodeBase64(key))).replace(/=+$/, "");
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new InputError(marked`the public key '${key}' is not in base 64: ${error.message}`);
  }
}
