/** The user has left the debugger where nothing had failed. */

/** Thrown through the evaluation. The program ends with 0, as C++ Nix does, and says nothing. */
export class DebuggerExit extends Error {
  override readonly name = "DebuggerExit";
}
