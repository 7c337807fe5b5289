/** `nivis/modules`: Nix files as JavaScript modules, for plugins of bundlers. Not stable. */
export { moduleCode } from "../library/module-code.ts";
export {
  type NixDependencies,
  type NixModule,
  type NixModuleOptions,
  readNixModule,
} from "../library/nix-module.ts";
