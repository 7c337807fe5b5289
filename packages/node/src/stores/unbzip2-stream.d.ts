/** The part of unbzip2-stream that is used; the package has no types of its own. */
declare module "unbzip2-stream" {
  import type { Duplex } from "node:stream";

  function unbzip2(): Duplex;
  export = unbzip2;
}
