/**
 * OrderedKeys: the keys that `genericClosure` has seen, with the element that each came from.
 *
 * While all keys are strings, or all are integers, a set tells whether a key is new. With the first
 * key of another kind, the keys move to a search tree ordered by `<`, where comparing may run Nix
 * code and may fail. It is a textbook red-black tree, like `std::map`, because the shape of the
 * tree decides which two keys an error message names.
 */
import type { EvalContext } from "../context.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { IntegerSet } from "./integer-set.ts";

class Node {
  left: Node | null = null;
  right: Node | null = null;
  red = true;
  constructor(
    readonly key: Value,
    readonly element: Slot,
    public parent: Node | null,
  ) {}
}

/** The set of keys that `genericClosure` has seen. */
export class OrderedKeys {
  /** The set of string keys; `null` before the first key and once the tree is used. */
  private strings: Set<string> | null = null;
  private integers: IntegerSet | null = null;
  /** The keys in order of arrival until the tree is used, and their elements. */
  private keys: Value[] = [];
  private elements: Slot[] = [];
  private root: Node | null = null;

  constructor(private readonly ctx: EvalContext) {}

  /** Adds a key unless an equal one is present; returns whether it was new. Comparing may fail. */
  *insert(key: Value, element: Slot): Suspendable<boolean> {
    const added = this.tryInsert(key, element);
    if (added !== undefined) return added;
    const { keys, elements } = this;
    this.strings = null;
    this.integers = null;
    this.keys = [];
    this.elements = [];
    for (let i = 0; i < keys.length; i++) {
      yield this.insertNode(keys[i] as Value, elements[i] as Slot);
    }
    return (yield this.insertNode(key, element)) as boolean;
  }

  /** {@link insert} if it needs no comparison; `undefined` otherwise. */
  tryInsert(key: Value, element: Slot): boolean | undefined {
    if (this.root === null && this.keys.length === 0) {
      if (typeof key === "number") this.integers = new IntegerSet();
      else if (typeof key === "string") this.strings = new Set();
    }
    if (typeof key === "number" && this.integers !== null) {
      if (!this.integers.add(key)) return false;
    } else if (typeof key === "string" && this.strings !== null) {
      const { size } = this.strings;
      if (this.strings.add(key).size === size) return false;
    } else return undefined;
    this.keys.push(key);
    this.elements.push(element);
    return true;
  }

  /** Returns the element of the first key, in order, that cannot be compared with `key`. */
  *findIncomparable(key: Value): Suspendable<Slot | undefined> {
    let node = leftmost(this.root);
    while (node !== null) {
      try {
        yield lessThan(this.ctx, key, node.key);
      } catch {
        return node.element;
      }
      node = successor(node);
    }
    return undefined;
  }

  private *insertNode(key: Value, element: Slot): Suspendable<boolean> {
    let parent: Node | null = null;
    let node = this.root;
    let wentLeft = true;
    // The last node at which the search went right: the greatest key that is not greater.
    let before: Node | null = null;
    while (node !== null) {
      parent = node;
      wentLeft = (lessThanFast(key, node.key) ??
        (yield lessThan(this.ctx, key, node.key))) as boolean;
      if (!wentLeft) before = node;
      node = wentLeft ? node.left : node.right;
    }
    if (
      before !== null &&
      !((lessThanFast(before.key, key) ?? (yield lessThan(this.ctx, before.key, key))) as boolean)
    ) {
      return false;
    }
    const added = new Node(key, element, parent);
    if (parent === null) this.root = added;
    else if (wentLeft) parent.left = added;
    else parent.right = added;
    this.rebalance(added);
    return true;
  }

  private rebalance(added: Node): void {
    let node = added;
    let parent = node.parent;
    while (parent?.red) {
      // A red node is never the root.
      const grandparent = parent.parent as Node;
      const onLeft = parent === grandparent.left;
      const uncle = onLeft ? grandparent.right : grandparent.left;
      if (uncle?.red) {
        parent.red = false;
        uncle.red = false;
        grandparent.red = true;
        node = grandparent;
      } else {
        if (node === (onLeft ? parent.right : parent.left)) {
          node = parent;
          this.rotate(node, onLeft);
          parent = node.parent as Node;
        }
        parent.red = false;
        grandparent.red = true;
        this.rotate(grandparent, !onLeft);
      }
      parent = node.parent;
    }
    (this.root as Node).red = false;
  }

  /** Moves `node` down to the left (or right) and its other child into its position. */
  private rotate(node: Node, toLeft: boolean): void {
    const child = (toLeft ? node.right : node.left) as Node;
    const inner = toLeft ? child.left : child.right;
    if (toLeft) node.right = inner;
    else node.left = inner;
    if (inner !== null) inner.parent = node;
    const { parent } = node;
    child.parent = parent;
    if (parent === null) this.root = child;
    else if (parent.left === node) parent.left = child;
    else parent.right = child;
    if (toLeft) child.left = node;
    else child.right = node;
    node.parent = child;
  }
}

function leftmost(root: Node | null): Node | null {
  let node = root;
  while (node?.left) node = node.left;
  return node;
}

function successor(start: Node): Node | null {
  if (start.right !== null) return leftmost(start.right);
  let node = start;
  while (node.parent !== null && node === node.parent.right) node = node.parent;
  return node.parent;
}
