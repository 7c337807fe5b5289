/**
 * Commands and tasks that run `nivis` itself: show the bytecode of the selection, show a derivation, update an
 * input of a flake, and what can be done with a whole folder.
 */
import {
  commands,
  type ExtensionContext,
  ProcessExecution,
  ProgressLocation,
  Task,
  TaskScope,
  type TextDocument,
  tasks,
  Uri,
  ViewColumn,
  window,
  workspace,
} from "vscode";
import {
  BYTECODE_ARGS,
  derivationArgs,
  inputsArgs,
  inputsIn,
  runTool,
  TASKS,
  type Tool,
  updateArgs,
} from "./tools.ts";

const UPDATE_ALL = "all inputs";

/** Adds the commands and the tasks; `tool` says how `nivis` is started now. */
export function addTools(context: ExtensionContext, tool: () => Tool): void {
  const command = (name: string, run: (document: TextDocument) => Promise<void>) =>
    commands.registerCommand(name, async () => {
      const document = window.activeTextEditor?.document;
      if (document === undefined) return;
      try {
        await run(document);
      } catch (error) {
        await window.showErrorMessage(error instanceof Error ? error.message : String(error));
      }
    });
  context.subscriptions.push(
    command("nivis.showBytecode", (document) => showBytecode(tool(), document)),
    command("nivis.showDerivation", (document) => showDerivation(tool(), document)),
    command("nivis.updateInput", (document) => updateInput(tool(), document)),
    tasks.registerTaskProvider("nivis", {
      provideTasks: () => [...TASKS].map(([name, args]) => taskOf(tool(), name, args)),
      resolveTask: () => undefined,
    }),
  );
}

function taskOf({ program, before }: Tool, name: string, args: readonly string[]): Task {
  const execution = new ProcessExecution(program, [...before, ...args], {
    env: { ELECTRON_RUN_AS_NODE: "1" },
  });
  return new Task({ type: "nivis", task: name }, TaskScope.Workspace, name, "nivis", execution, []);
}

/** The output of a run; throws what it says when it fails. */
async function outputOf(
  tool: Tool,
  title: string,
  args: readonly string[],
  file: string,
  input?: string,
): Promise<string> {
  const folder = Uri.joinPath(Uri.file(file), "..").fsPath;
  const location = ProgressLocation.Window;
  const { code, out, err } = await window.withProgress({ location, title }, () =>
    runTool(tool, args, folder, input),
  );
  if (code !== 0) throw new Error(err.trim() || `nivis ended with ${code ?? "a signal"}`);
  return out;
}

async function show(content: string, language: string): Promise<void> {
  const document = await workspace.openTextDocument({ language, content });
  await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preview: true });
}

function checkTrust(): void {
  if (!workspace.isTrusted) throw new Error("nothing is evaluated in a folder that is not trusted");
}

async function showBytecode(tool: Tool, document: TextDocument): Promise<void> {
  const selection = window.activeTextEditor?.selection;
  const text = document.getText(selection?.isEmpty === false ? selection : undefined);
  const out = await outputOf(tool, "Compiling", BYTECODE_ARGS, document.uri.fsPath, text);
  await show(out, "plaintext");
}

async function showDerivation(tool: Tool, document: TextDocument): Promise<void> {
  checkTrust();
  if (document.isUntitled) throw new Error("save the file first");
  const attribute = await window.showInputBox({
    prompt: "The attribute whose derivation is shown; nothing for the value of the file",
    placeHolder: "packages.x86_64-linux.default",
  });
  if (attribute === undefined) return;
  await document.save();
  const { fsPath } = document.uri;
  const args = derivationArgs(fsPath, attribute.trim());
  await show(await outputOf(tool, "Evaluating", args, fsPath), "json");
}

async function updateInput(tool: Tool, document: TextDocument): Promise<void> {
  checkTrust();
  const file = await flakeOf(document);
  if (file === undefined) throw new Error("there is no flake.nix in this folder");
  const inputs = inputsIn(await outputOf(tool, "Reading the flake", inputsArgs(file), file));
  const items = inputs.map(({ name, url }) => ({ label: name, description: url }));
  const chosen = await window.showQuickPick([...items, { label: UPDATE_ALL, description: "" }], {
    title: "Update an input",
  });
  if (chosen === undefined) return;
  const name = chosen.label === UPDATE_ALL ? undefined : chosen.label;
  await outputOf(tool, `Updating ${chosen.label}`, updateArgs(name), file);
  await window.showInformationMessage(`Updated ${chosen.label} in flake.lock.`);
}

/** The `flake.nix` that a document is, or of its folder in the workspace. */
async function flakeOf({ uri }: TextDocument): Promise<string | undefined> {
  if (uri.fsPath.endsWith("flake.nix")) return uri.fsPath;
  const folder = workspace.getWorkspaceFolder(uri)?.uri;
  if (folder === undefined) return undefined;
  const file = Uri.joinPath(folder, "flake.nix");
  try {
    await workspace.fs.stat(file);
    return file.fsPath;
  } catch {
    return undefined;
  }
}
