/** Bugs of this package. No text that a user writes causes one. */

/** Something that cannot happen has happened. */
export class InternalError extends Error {
  override readonly name = "InternalError";
}

/** Marks the end of an exhaustive switch: a new kind that it lacks does not compile. */
export function unreachable(value: never): never {
  throw new InternalError(`no such case: ${JSON.stringify(value)}`);
}
