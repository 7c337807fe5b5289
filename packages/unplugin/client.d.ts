/** Types of imports of Nix files that have no declarations of their own; see `nivis types`. */
declare module "*.nix" {
  const value: unknown;
  // biome-ignore lint/style/noDefaultExport: what such an import has
  export default value;
}
declare module "*.nix?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: what such an import has
  export default text;
}
