/** FetchProgress: what fetchers are doing as a line of text, with the bytes of downloads. */

/** The shortest time between two lines, in milliseconds. */
const INTERVAL = 100;

/** See the head of this file. */
export class FetchProgress {
  readonly #show: (line: string) => void;
  readonly #running: string[] = [];
  readonly #downloads = new Map<string, { done: number; total: number | undefined }>();
  #shownAt = 0;
  #isShown = false;

  /** @param show - receives a line that replaces the one before; an empty one removes it */
  constructor(show: (line: string) => void) {
    this.#show = show;
  }

  /** Something begins; the function that is returned ends it. */
  begin(message: string): () => void {
    this.#running.push(message);
    this.#draw(true);
    return () => {
      this.#running.splice(this.#running.indexOf(message), 1);
      this.#downloads.clear();
      this.#draw(true);
    };
  }

  /** Bytes that a download has received so far, of how many if that is known. */
  update(url: string, done: number, total: number | undefined): void {
    this.#downloads.set(url, { done, total });
    this.#draw(false);
  }

  /** Removes the line. */
  clear(): void {
    this.#running.length = 0;
    this.#downloads.clear();
    if (this.#isShown) this.#show("");
    this.#isShown = false;
  }

  #draw(always: boolean): void {
    const now = Date.now();
    if (!always && now - this.#shownAt < INTERVAL) return;
    this.#shownAt = now;
    const line = this.#line();
    if (line === "" && !this.#isShown) return;
    this.#isShown = line !== "";
    this.#show(line);
  }

  #line(): string {
    const what = this.#running.at(-1) ?? [...this.#downloads.keys()].at(-1);
    if (what === undefined) return "";
    let done = 0;
    let total: number | undefined = 0;
    for (const download of this.#downloads.values()) {
      done += download.done;
      total =
        total === undefined || download.total === undefined ? undefined : total + download.total;
    }
    if (this.#downloads.size === 0) return what;
    const of = total === undefined ? "" : `/${mebibytes(total)}`;
    return `${what} [${mebibytes(done)}${of} MiB]`;
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
