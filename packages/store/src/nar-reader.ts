/** Reading NARs that come from elsewhere: what is wrong with one is an error of stores. */
import { FormatError, type NarEvent, NarStream } from "@nivis/formats";
import { StoreError } from "./error.ts";

/** A {@link NarStream} whose errors are {@link StoreError}s of the kind `corrupt`. */
export class NarReader {
  readonly #stream = new NarStream();

  /** Whether the NAR has ended. */
  get done(): boolean {
    return this.#stream.done;
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): readonly NarEvent[] {
    return asCorrupt(() => this.#stream.push(bytes));
  }

  /** Says that nothing follows. */
  finish(): void {
    asCorrupt(() => this.#stream.finish());
  }

  /** What came behind the end. */
  takeRest(): Uint8Array {
    return this.#stream.takeRest();
  }
}

function asCorrupt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) throw new StoreError("corrupt", error.message);
    throw error;
  }
}
