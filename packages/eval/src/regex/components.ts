/**
 * Strongly connected components of a graph, by Tarjan's algorithm with its own stack.
 *
 * `closure.ts` uses it to find loops that can turn without taking a byte, `native.ts` to find the
 * loops of the whole automaton.
 */

/** Components of a graph whose nodes are 0 .. n-1. */
export interface Components {
  /** For each node the number of its component; a component's successors have smaller numbers. */
  readonly componentOf: Int32Array;
  /** For each component whether it holds a cycle. */
  readonly isCyclic: readonly boolean[];
}

/** Computes the components; `successor(node, i)` is the i-th successor, or -1 after the last. */
export function findComponents(
  size: number,
  successor: (node: number, i: number) => number,
): Components {
  const componentOf = new Int32Array(size).fill(-1);
  const order = new Int32Array(size).fill(-1);
  const lowest = new Int32Array(size);
  const isCyclic: boolean[] = [];
  const pending: number[] = [];
  const path: number[] = [];
  const edge: number[] = [];
  let visited = 0;
  const enter = (node: number): void => {
    order[node] = lowest[node] = visited++;
    pending.push(node);
    path.push(node);
    edge.push(0);
  };
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue;
    enter(root);
    while (path.length > 0) {
      const node = path[path.length - 1] as number;
      const i = edge[edge.length - 1] as number;
      const target = successor(node, i);
      edge[edge.length - 1] = i + 1;
      if (target < 0) {
        path.pop();
        edge.pop();
        const parent = path[path.length - 1];
        if (parent !== undefined)
          lowest[parent] = Math.min(lowest[parent] as number, lowest[node] as number);
        if (lowest[node] === order[node]) closeComponent(node);
      } else if (order[target] === -1) {
        enter(target);
      } else if (componentOf[target] === -1) {
        lowest[node] = Math.min(lowest[node] as number, order[target] as number);
      }
    }
  }
  return { componentOf, isCyclic };

  function closeComponent(root: number): void {
    const component = isCyclic.length;
    const isSingle = pending[pending.length - 1] === root;
    let member: number;
    do {
      member = pending.pop() as number;
      componentOf[member] = component;
    } while (member !== root);
    isCyclic.push(!isSingle || loopsToItself(root));
  }

  function loopsToItself(node: number): boolean {
    for (let i = 0; ; i++) {
      const target = successor(node, i);
      if (target < 0) return false;
      if (target === node) return true;
    }
  }
}
