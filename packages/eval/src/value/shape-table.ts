/**
 * Shapes of sets that builtins have made recently. Code that makes a set with computed names tends to make
 * another with the same names. If both have the same shape, its table, order and unions are made only once,
 * and inline caches hit.
 */
import type { PosIdx } from "../position.ts";
import { Shape } from "./shape.ts";

/** Shapes with more names are not remembered. */
const MAX_NAMES = 4096;
/** Names of all shapes together beyond which all are forgotten. */
const MAX_ALL_NAMES = 65_536;

/** The last shape for each first name. */
export class ShapeTable {
  /** The last shape by its first name. */
  private readonly shapes = new Map<string, Shape>();
  private allNames = 0;

  /** The last shape whose first name is this. */
  beginningWith(name: string): Shape | undefined {
    return this.shapes.get(name);
  }

  /** A shape with these names, which are distinct and at least one, and positions. */
  share(names: readonly string[], positions: readonly PosIdx[] | null): Shape {
    const first = names[0] as string;
    const known = this.shapes.get(first);
    if (known?.isMadeOf(names, positions)) return known;
    const shape = new Shape(names, positions);
    if (names.length <= MAX_NAMES) {
      this.allNames += names.length;
      if (this.allNames > MAX_ALL_NAMES) {
        this.shapes.clear();
        this.allNames = names.length;
      }
      this.shapes.set(first, shape);
    }
    return shape;
  }
}
