/** What of Node and of the rights of the user an evaluation may depend on, besides what it looks at. */

/** Returns values that are equal, as JSON, in processes in which an evaluation has the same result. */
export function processIdentity(): readonly unknown[] {
  return [
    process.version,
    process.platform,
    process.arch,
    process.execArgv,
    process.env["NODE_OPTIONS"] ?? "",
    process.getuid?.(),
    process.geteuid?.(),
    process.getgid?.(),
    process.getegid?.(),
    process.getgroups?.(),
  ];
}
