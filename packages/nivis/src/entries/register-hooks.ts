/** The hooks of `nivis/register` in the thread that Node 20 has for them. */
import { loadedModule } from "../library/node-hooks.ts";

/** See `load` of Node's customization hooks. */
export async function load(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => unknown,
): Promise<unknown> {
  return loadedModule(url) ?? next(url, context);
}
