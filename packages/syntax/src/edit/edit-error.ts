/** An edit that cannot be made; the message says why and what to do instead. */
export class EditError extends Error {
  override readonly name = "EditError";
}
