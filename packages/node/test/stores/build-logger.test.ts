/**
 * The build logger draws what goes on although the store says nothing more: activities are shown once
 * they have lasted a while, and nothing else may happen until they end.
 */
import { ACTIVITY_TYPES, RESULT_TYPES } from "@nivis/formats";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BuildLogger } from "../../src/index.ts";

const DRV = `/nix/store/${"0".repeat(32)}-endless.drv`;

describe("the line on a terminal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function logger(): { readonly log: BuildLogger; readonly shown: () => string } {
    let text = "";
    const output = {
      write: (bytes: string) => {
        text += bytes;
      },
      columns: () => 80,
      now: () => Date.now(),
    };
    const options = { format: "bar", verbosity: 3, isTerminal: true } as const;
    const shown = (): string =>
      (text.split("\r").at(-1) ?? "").replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, "");
    return { log: new BuildLogger(options, output), shown };
  }

  const start = (id: bigint, type: number, fields: readonly string[] = []) => ({
    id,
    level: 5,
    type,
    text: "",
    fields,
    parent: 0n,
  });

  test.each([0, 30, 45, 49])("shows a build that began %i ms after a redraw was due", (delay) => {
    const { log, shown } = logger();
    log.startActivity(start(1n, ACTIVITY_TYPES.builds));
    log.result({ id: 1n, type: RESULT_TYPES.progress, fields: [0n, 1n, 1n, 0n] });
    vi.advanceTimersByTime(delay);
    log.startActivity(start(2n, ACTIVITY_TYPES.build, [DRV, "", "1", "1"]));
    log.result({ id: 2n, type: RESULT_TYPES.buildLogLine, fields: ["waiting"] });
    // The builder is silent from here on.
    vi.advanceTimersByTime(200);
    expect(shown()).toBe("[1/0/1 built] building endless: waiting");
    expect(vi.getTimerCount()).toBe(0);
  });
});
