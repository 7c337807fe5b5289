/** Store: where derivations and sources go. `dummy-store.ts` only computes paths; `@nivis/node` has one that writes. */

/** See the head of this file. */
export interface Store {
  /** Such as `/nix/store`. */
  readonly storeDir: string;
}
