/** The interface of the views beside the editor, and what the page offers them. */
import type { Client } from "../state/client.ts";
import type { Outcome, Place } from "../worker/protocol.ts";

/** What a view may do with the page. */
export interface ViewHost {
  readonly client: Client;
  /** The file that is evaluated. */
  readonly file: string;
  /** The text of a file of the page. */
  text(file: string): string;
  /** Shows a place in the editor, or the text of a file of the pack. */
  show(place: Place): void;
  /** Says something to people who do not see the page change. */
  say(message: string): void;
}

/** A view: a tab and a panel. */
export interface View {
  readonly name: string;
  readonly title: string;
  /** Whether it shows an outcome; others show the text itself. */
  readonly needsOutcome: boolean;
  /** Fills the panel. Called when the tab is opened, and when what it shows has changed. */
  render(panel: HTMLElement, host: ViewHost, outcome: Outcome | undefined): void | Promise<void>;
  /** The selection in the editor has changed; UTF-16 offsets. */
  select?(from: number, to: number): void;
}
