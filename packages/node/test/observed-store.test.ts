import { DummyStore, type Store } from "@nivis/eval";
import { describe, expect, it } from "vitest";
import { InputRecorder } from "../src/inputs/input-recorder.ts";
import { ObservedStore } from "../src/inputs/observed-store.ts";

/** A store that can do everything. */
class AbleStore extends DummyStore implements Store {
  readonly asked: string[] = [];
  addRoot(path: string): string {
    this.asked.push("addRoot");
    return path;
  }
  build(): readonly string[] {
    this.asked.push("build");
    return [];
  }
  substitute(): boolean {
    this.asked.push("substitute");
    return true;
  }
  fetchClosure(): { readonly path: string; readonly isContentAddressed: boolean } {
    this.asked.push("fetchClosure");
    return { path: "/nix/store/x", isContentAddressed: true };
  }
}

describe("ObservedStore", () => {
  it("can do what its store can do, and says that the run cannot be repeated", () => {
    const names = ["addRoot", "build", "substitute", "fetchClosure"] as const;
    for (const name of names) {
      const store = new AbleStore("/nix/store");
      const inputs = new InputRecorder();
      const observed = new ObservedStore(store, inputs);
      (observed[name] as (...args: readonly unknown[]) => unknown)({}, {});
      expect(store.asked).toEqual([name]);
      expect(inputs.unrepeatable).not.toBeUndefined();
    }
  });

  it("lacks what its store lacks", () => {
    const inputs = new InputRecorder();
    const observed = new ObservedStore(new DummyStore("/nix/store"), inputs);
    expect(observed.build).toBeUndefined();
    expect(observed.fetchClosure).toBeUndefined();
  });
});
