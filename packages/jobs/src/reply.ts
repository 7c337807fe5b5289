/**
 * Replies: what became of one attribute. They cross threads, processes and machines, so they are plain
 * data; all texts are byte strings.
 */
import { decodeUtf8, encodeUtf8, escapeJsonString, jsonObject } from "@nivis/formats";
import { type AttrPath, joinAttrPath } from "./attr-path.ts";

/** The fields of a line by name, each as the text of its JSON. */
export type LineFields = Readonly<Record<string, string>>;

/** What Hydra's aggregates refer to; see `constituents.ts`. */
export interface AggregateWish {
  /** Names of jobs, or patterns of such names. */
  readonly names: readonly string[];
  /** Whether names that no job has are patterns. */
  readonly areGlobs: boolean;
}

/** What became of an attribute. */
export type JobReply =
  /** It is a set to descend into, or nothing of interest, which has no names. */
  | { readonly kind: "set"; readonly path: AttrPath; readonly names: readonly string[] }
  /** It is a derivation. */
  | {
      readonly kind: "job";
      readonly path: AttrPath;
      /** All fields but `attr` and `attrPath`. */
      readonly fields: LineFields;
      /** Present if the job is an aggregate with names, which are resolved at the end. */
      readonly aggregate?: AggregateWish;
    }
  /** It could not be evaluated. */
  | {
      readonly kind: "error";
      readonly path: AttrPath;
      /** The error with its traces, without colours. */
      readonly message: string;
      /**
       * Whether the attribute is not wrong as such, as far as is known: memory, time, steps or depth
       * were exceeded, or its worker was lost.
       */
      readonly incomplete: boolean;
    };

/** The line of JSON for an attribute, without its end. */
export function formatLine(path: AttrPath, fields: LineFields): string {
  return jsonObject([
    ["attr", jsonText(joinAttrPath(path))],
    ["attrPath", jsonTexts(path)],
    ...Object.entries(fields),
  ]);
}

/** The fields of the line of an attribute that could not be evaluated. */
export function errorFields(message: string): LineFields {
  return { error: jsonText(message) };
}

/** A byte string as JSON; bytes that are not UTF-8 become replacement characters. */
export function jsonText(text: string): string {
  try {
    return escapeJsonString(text);
  } catch {
    return escapeJsonString(encodeUtf8(decodeUtf8(text)));
  }
}

function jsonTexts(texts: readonly string[]): string {
  return `[${texts.map(jsonText).join(",")}]`;
}
