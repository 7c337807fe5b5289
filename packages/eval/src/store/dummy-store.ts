/** DummyStore: a store that holds and accepts nothing, for evaluation that only computes paths. */

import type { Derivation } from "@nivis/formats";
import { marked } from "@nivis/formats";
import { EvalError } from "../errors/eval-error.ts";
import type { Store } from "./store.ts";

/** A store that holds and accepts nothing; C++ Nix calls it `dummy://`. */
export class DummyStore implements Store {
  readonly capabilities = { reads: false, writes: false };

  constructor(readonly storeDir = "/nix/store") {}

  isValidPath(_path: string): boolean {
    return false;
  }

  references(_path: string): undefined {
    return undefined;
  }

  readDerivation(_path: string): Derivation | undefined {
    return undefined;
  }

  addText(): never {
    throw unsupported("addToStoreFromDump");
  }

  addSource(): never {
    throw unsupported("addToStore");
  }

  addDerivation(): never {
    throw unsupported("writeDerivation");
  }
}

function unsupported(operation: string): EvalError {
  return new EvalError(
    "value",
    marked`operation '${operation}' is not supported by store 'dummy://'`,
  );
}
