/** Commands that are made of others: `nivis store ls` is the command `ls` of the group `store`. */

import { bestMatches } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import type { EvaluateInstallables } from "../evaluated-installables.ts";
import { Invocation } from "../invocation.ts";
import { usageError } from "../options/option.ts";
import type { StoreDraft } from "../options/store-options.ts";
import { runStoreProgram, type StoreProgram } from "../store-program.ts";
import type { Terminal } from "../terminal.ts";
import type { Command } from "./command.ts";
import { storeTopic } from "./store-topics.ts";

/** What the help says of a group, by its word. */
type GroupTopic = Omit<Command, "start">;

/** A command on stores behind its word. */
export function storeCommand<Draft extends StoreDraft>(
  word: string,
  program: StoreProgram<Draft>,
): Command {
  return {
    word,
    name: program.name,
    summary: program.summary,
    usage: program.usage,
    examples: program.examples,
    start: (args, terminal, evaluate) => runStoreProgram(program, args, terminal, evaluate),
  };
}

/** A group of commands, whose help is a row of the topics. */
export function group(word: string, members: readonly Command[]): Command {
  return groupOf(storeTopic(word), members);
}

/** A group of commands with a help of its own. */
export function groupOf(topic: GroupTopic, members: readonly Command[]): Command {
  return {
    ...topic,
    start: (args, terminal, evaluate) => startMember(topic, members, args, terminal, evaluate),
  };
}

function startMember(
  topic: GroupTopic,
  members: readonly Command[],
  args: readonly string[],
  terminal: Terminal,
  evaluate?: EvaluateInstallables,
): number | Promise<number> {
  const [word, ...rest] = args;
  const isHelp = word === "--help" || word === "-h" || word === "help";
  const found = members.find((one) => one.word === word);
  if (found !== undefined) return found.start(rest, terminal, evaluate);
  if (word === undefined || isHelp) {
    const text = overview(topic, members);
    if (isHelp) terminal.writeOut(encodeUtf8(text));
    else terminal.writeLine(encodeUtf8(text.trimEnd()));
    return isHelp ? 0 : 1;
  }
  const words = members.map((one) => one.word);
  const error = usageError(
    marked`'${encodeUtf8(word)}' is not a recognised command of '${topic.name}'`,
    bestMatches(words, encodeUtf8(word)),
  );
  new Invocation(terminal, topic.name).report(error);
  return 1;
}

function overview(
  { name, summary, usage, examples }: GroupTopic,
  members: readonly Command[],
): string {
  const width = Math.max(...members.map((one) => one.word.length)) + 4;
  return [
    `${name} - ${summary}`,
    "",
    `Usage: ${name} ${usage}`,
    "",
    "Commands:",
    ...members.map((one) => `  ${one.word.padEnd(width)}${one.summary}`),
    "",
    "Examples:",
    ...examples.map(({ does, command }) => `  ${does}:\n    $ ${command}`),
    "",
    `${name} COMMAND --help tells more.`,
    "",
  ].join("\n");
}
