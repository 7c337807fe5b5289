/** The requests by which a server in a worker asks its client for files; the reply is `null` where there is none. */

/** What a path is: `{ type, size, stamp }`. */
export const STATUS_REQUEST = "nivis/fileStatus";
/** The text of a file. */
export const READ_REQUEST = "nivis/readFile";
/** The entries of a directory: `{ name, type }` each. */
export const LIST_REQUEST = "nivis/listDirectory";

/** The parameters of all of them. */
export interface FileParams {
  readonly uri: string;
}
