/** The editor of the page: CodeMirror with Nix, and one document for each file. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import {
  bracketMatching,
  foldKeymap,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { BuiltinInfo } from "../worker/protocol.ts";
import { diagnostics } from "./diagnostics.ts";
import { completeNames, hovers } from "./names.ts";
import { nix } from "./nix-language.ts";

/** What the page wants to hear. */
export interface EditorListener {
  changed(text: string): void;
  selected(from: number, to: number): void;
  run(): void;
  builtins(): readonly BuiltinInfo[];
}

// The colours are variables of the page, so that both themes share one style.
const COLORS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--c-keyword)", fontWeight: "600" },
  { tag: tags.comment, color: "var(--c-comment)", fontStyle: "italic" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--c-string)" },
  { tag: tags.link, color: "var(--c-string)", textDecoration: "underline" },
  { tag: [tags.number, tags.atom], color: "var(--c-number)" },
  { tag: tags.standard(tags.variableName), color: "var(--c-builtin)" },
  { tag: tags.definition(tags.variableName), color: "var(--c-definition)" },
  { tag: tags.propertyName, color: "var(--c-attribute)" },
  { tag: tags.special(tags.brace), color: "var(--c-keyword)" },
  { tag: tags.invalid, color: "var(--c-error)" },
]);

/** See the head of this file. */
export class Editor {
  readonly view: EditorView;
  readonly #listener: EditorListener;
  readonly #states = new Map<string, EditorState>();
  #open = "";

  constructor(parent: HTMLElement, listener: EditorListener, readOnly = false) {
    this.#listener = listener;
    this.view = new EditorView({ parent, state: this.#state("", readOnly) });
    this.#readOnly = readOnly;
  }

  readonly #readOnly: boolean;

  /** Shows a file, and keeps the history of the one before. */
  show(name: string, text: string): void {
    if (this.#open !== "") this.#states.set(this.#open, this.view.state);
    const known = this.#states.get(name);
    const isSame = known?.doc.toString() === text;
    this.view.setState(known !== undefined && isSame ? known : this.#state(text, this.#readOnly));
    this.#open = name;
  }

  /** Forgets the histories of all files. */
  reset(): void {
    this.#states.clear();
    this.#open = "";
  }

  /** Selects a range, and scrolls to it. */
  select(from: number, to: number): void {
    const { length } = this.view.state.doc;
    const selection = { anchor: Math.min(from, length), head: Math.min(to, length) };
    this.view.dispatch({
      selection,
      effects: EditorView.scrollIntoView(selection.anchor, { y: "nearest" }),
    });
  }

  #state(text: string, readOnly: boolean): EditorState {
    return EditorState.create({ doc: text, extensions: this.#extensions(readOnly) });
  }

  #extensions(readOnly: boolean): Extension {
    const listener = this.#listener;
    const builtins = (): readonly BuiltinInfo[] => listener.builtins();
    return [
      lineNumbers(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      history(),
      drawSelection(),
      indentUnit.of("  "),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      syntaxHighlighting(COLORS),
      nix(),
      diagnostics(),
      lintGutter(),
      autocompletion({ override: [completeNames(builtins)] }),
      hovers(builtins),
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": "Nix expression", spellcheck: "false" }),
      keymap.of([
        {
          key: "Mod-Enter",
          run: () => {
            listener.run();
            return true;
          },
        },
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...completionKeymap,
        ...lintKeymap,
        // Escape and then Tab leaves the editor; the page says so.
        indentWithTab,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) listener.changed(update.state.doc.toString());
        if (update.selectionSet) {
          const { from, to } = update.state.selection.main;
          listener.selected(from, to);
        }
      }),
    ];
  }
}
