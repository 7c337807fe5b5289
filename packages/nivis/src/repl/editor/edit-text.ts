/** The input in the user's editor. */
import { runChild } from "../../child-process.ts";

/** Lets the user edit a text with `$VISUAL` or `$EDITOR`, and returns it without its last newline. */
export async function editText(
  environment: Readonly<Record<string, string | undefined>>,
  text: string,
): Promise<string> {
  const { mkdtempSync, readFileSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const { tmpdir } = process.getBuiltinModule("node:os");
  const editor = environment["VISUAL"] || environment["EDITOR"] || "vi";
  const [program = "vi", ...args] = editor.split(/\s+/).filter((word) => word !== "");
  const folder = mkdtempSync(join(tmpdir(), "nivis-input-"));
  try {
    const file = join(folder, "input.nix");
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    await runChild(program, [...args, file], environment);
    return readFileSync(file, "utf8").replace(/\n$/, "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
