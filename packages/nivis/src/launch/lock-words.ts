/** The commands about flakes that neither evaluate nor build, and have a bundle of their own. */

/** The words behind `flake`. */
const LOCK_WORDS = ["lock", "update", "metadata", "info"] as const;

/** See the head of this file. */
export type LockWord = (typeof LOCK_WORDS)[number];

/** Whether arguments of `nivis` or `nix` name one of these commands. */
export function namesLockCommand([group, word]: readonly string[]): boolean {
  return group === "flake" && LOCK_WORDS.some((one) => one === word);
}
