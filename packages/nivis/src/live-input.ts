/** Standard input as it comes, for commands that converse with the user. */

/** Standard input while it is read piece by piece. */
export interface LiveInput {
  /** Whether a user types it. */
  readonly isTerminal: boolean;
  /** The next bytes; `undefined` at the end. At most one read may be under way. */
  read(): Promise<string | undefined>;
  /** Reads nothing until the next {@link read}, so that another program can. */
  pause(): void;
  /** Delivers keys as they are pressed, without echo, instead of whole lines; on a terminal. */
  setRaw(raw: boolean): void;
  /** Stops reading, so that the process can end. */
  close(): void;
}

/** Standard input of this process. */
export function liveInput(): LiveInput {
  const { stdin } = process;
  const pieces: string[] = [];
  let ended = false;
  let waiting: (() => void) | undefined;
  const wake = (): void => {
    stdin.pause();
    waiting?.();
    waiting = undefined;
  };
  stdin.on("data", (piece: Buffer) => {
    pieces.push(piece.toString("latin1"));
    wake();
  });
  for (const event of ["end", "close", "error"]) {
    stdin.on(event, () => {
      ended = true;
      wake();
    });
  }
  stdin.pause();
  return {
    isTerminal: stdin.isTTY === true,
    read: async () => {
      if (pieces.length === 0 && !ended) {
        const arrival = new Promise<void>((resolve) => {
          waiting = resolve;
        });
        stdin.resume();
        await arrival;
      }
      return pieces.shift();
    },
    pause: () => stdin.pause(),
    setRaw: (raw) => stdin.isTTY === true && stdin.setRawMode(raw),
    close: () => stdin.destroy(),
  };
}
