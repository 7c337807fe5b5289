/** The text of `--help`. */
import type { Option } from "./option.ts";

/** The parts of a command's help. */
export interface HelpTopic {
  /** The whole name, such as `nivis eval`. */
  readonly name: string;
  /** One sentence without a period. */
  readonly summary: string;
  /** The text after the name, such as `[FLAG]... [FILE]`. */
  readonly usage: string;
  /** Paragraphs below the usage. */
  readonly description?: readonly string[];
  readonly examples: readonly Example[];
}

/** A command line and what it does. */
export interface Example {
  readonly does: string;
  readonly command: string;
}

const WIDTH = 80;
const FLAG_COLUMN = 30;

/** Breaks a text into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

function describeOption(option: Option<never>): string {
  const short = option.names.filter((name) => !name.startsWith("--"));
  const long = option.names.filter((name) => name.startsWith("--"));
  const values = option.values.map((value) => ` ${value}`).join("");
  const left = `  ${[...long, ...short].join(", ")}${values}`;
  const lines = wrap(option.doc, WIDTH - FLAG_COLUMN);
  const padded = lines.map((line) => " ".repeat(FLAG_COLUMN) + line);
  if (left.length + 2 > FLAG_COLUMN) return [left, ...padded].join("\n");
  return [left.padEnd(FLAG_COLUMN) + lines[0], ...padded.slice(1)].join("\n");
}

/** Returns the help of a command, ending in a newline. */
export function renderHelp(topic: HelpTopic, options: readonly Option<never>[]): string {
  const parts = [
    `${topic.name} - ${topic.summary}`,
    `Usage: ${topic.name} ${topic.usage}`.trimEnd(),
  ];
  for (const paragraph of topic.description ?? []) {
    // Tables have their own lines.
    parts.push(paragraph.includes("\n") ? paragraph : wrap(paragraph, WIDTH).join("\n"));
  }
  const shown = options.filter((option) => option.hidden !== true);
  if (shown.length > 0) parts.push(["Options:", ...shown.map(describeOption)].join("\n"));
  if (topic.examples.length > 0) {
    const examples = topic.examples.map(({ does, command }) => `  ${does}:\n    $ ${command}`);
    parts.push(["Examples:", ...examples].join("\n"));
  }
  return `${parts.join("\n\n")}\n`;
}
