/** The last semantic tokens that a client received, so that the next reply can be a difference. */

/** The last reply about a document, for differences. */
export class TokenHistory {
  #last:
    | { readonly uri: string; readonly id: string; readonly data: readonly number[] }
    | undefined;
  #count = 0;

  /** Remembers a reply and gives it a name. */
  note(uri: string, data: readonly number[]): string {
    this.#count += 1;
    const id = String(this.#count);
    this.#last = { uri, id, data };
    return id;
  }

  /** The reply with a name, if it is the last one. */
  find(uri: string, id: string): readonly number[] | undefined {
    return this.#last?.uri === uri && this.#last.id === id ? this.#last.data : undefined;
  }
}
