/** The public names of `@nivis/unplugin`. */
export { type NixPluginOptions, nix } from "./plugin.ts";
