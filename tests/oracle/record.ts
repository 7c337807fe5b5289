/** `npm run oracle:record`: records the answers of the C++ Nix on `PATH` to all questions. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findReference } from "@nivis/testkit";
import { askReference } from "./ask-reference.ts";
import { questions } from "./questions.ts";
import { readRecording, writeRecording } from "./recorded-answers.ts";

const reference = await findReference();
if (reference === undefined) {
  process.stderr.write("nix-instantiate is not on PATH: nothing can be recorded\n");
  process.exit(1);
}
const known = existsSync(fileURLToPath(new URL("./recorded.json", import.meta.url)));
const answers = await askReference(reference, questions(), known ? readRecording() : undefined);
writeRecording(reference.version, answers);
process.stdout.write(`${answers.size} answers of ${reference.name} recorded\n`);
