/** The store that holds nothing and takes nothing: evaluation that only wants to know paths. */
import type { Derivation } from "@nivis/formats";
import { EvalError } from "../errors/eval-error.ts";
import type { Store } from "./store.ts";

/** See the head of this file; C++ Nix has it as `dummy://`. */
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
  return new EvalError("value", `operation '${operation}' is not supported by store 'dummy://'`);
}
