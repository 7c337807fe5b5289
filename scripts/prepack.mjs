/**
 * `prepack` of each published package: builds the contents of the tarball from the current sources,
 * with the type declarations, which the quick build omits. npm runs it once per package, so it does
 * nothing if the build is up to date.
 */
import { buildWhenNeeded } from "./workspace.mjs";

buildWhenNeeded({ declarations: true });
