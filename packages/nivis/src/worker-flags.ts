/** The flags of Node for processes that evaluate beside each other: the workers of jobs and servers. */

/**
 * V8 has four threads for compiling and collecting in each process, which is too many where processes share
 * the cores. Measured: docs/design/002-start-up.md.
 */
export const WORKER_FLAGS: readonly string[] = ["--v8-pool-size=1"];
