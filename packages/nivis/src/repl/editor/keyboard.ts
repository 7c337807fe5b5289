/**
 * Keyboard: the keys that have been pressed by now, for an evaluation that gives the event loop no turn. It
 * reads the terminal that standard input is, beside `live-input.ts`.
 */

/** The terminal that standard input is, read without waiting; nothing where that is not possible. */
export class Keyboard {
  /** -1 if it cannot be opened. */
  #descriptor: number | undefined;

  /** The bytes that have been typed by now; empty if there are none. */
  read(): string {
    const { constants, openSync, readSync } = process.getBuiltinModule("node:fs");
    if (this.#descriptor === undefined) {
      this.#descriptor = -1;
      // Standard input itself may be one that waits.
      const path = process.platform === "linux" ? "/proc/self/fd/0" : "/dev/tty";
      const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
      try {
        if (process.platform !== "win32") this.#descriptor = openSync(path, flags);
      } catch {
        // Then keys are seen between two turns of the event loop alone.
      }
    }
    if (this.#descriptor < 0) return "";
    const buffer = Buffer.alloc(1024);
    try {
      return buffer.toString("latin1", 0, readSync(this.#descriptor, buffer));
    } catch {
      // EAGAIN: no key has been pressed.
      return "";
    }
  }

  close(): void {
    if (this.#descriptor !== undefined && this.#descriptor >= 0) {
      process.getBuiltinModule("node:fs").closeSync(this.#descriptor);
    }
    this.#descriptor = -1;
  }
}
