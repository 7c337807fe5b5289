/**
 * `prepack` of each published package: what goes into a tarball is built of the sources as they are, with
 * the type declarations, which the quick build leaves out. npm runs it once for each package, so it does
 * nothing when the build is fresh.
 */
import { buildWhenNeeded } from "./workspace.mjs";

buildWhenNeeded({ declarations: true });
