/**
 * What is remembered for a while, in the order in which it expires.
 *
 * Nothing expires before what was added earlier: when the operator shortens a window, new items wait
 * for the old ones. So the order of adding is the order of expiry, and the first item is always the
 * one to look at. What is expired counts as absent, removed or not (except in `size`).
 *
 * The order is a linked list beside the Map: a Map remembers removed items for a while, and looking
 * for its first one would step over all of them, with every command.
 */
export interface Expiring {
  /** In log time, milliseconds; from then on it is absent. */
  expiresAt: number;
}

interface Node<Id, Item> {
  readonly id: Id;
  readonly item: Item;
  older: Node<Id, Item> | null;
  newer: Node<Id, Item> | null;
}

export class ExpiringMap<Id, Item extends Expiring> {
  readonly #nodes = new Map<Id, Node<Id, Item>>();
  readonly #onRemoved: (item: Item) => void;
  #oldest: Node<Id, Item> | null = null;
  #newest: Node<Id, Item> | null = null;
  #newestExpiresAt: number;

  /**
   * @param onRemoved - called for every item that leaves, whatever the reason
   * @param newestExpiresAt - of the map that this one is restored from
   */
  constructor(onRemoved: (item: Item) => void, newestExpiresAt: number = 0) {
    this.#onRemoved = onRemoved;
    this.#newestExpiresAt = newestExpiresAt;
  }

  /** Items, the expired ones that were not removed yet included. */
  get size(): number {
    return this.#nodes.size;
  }

  /**
   * When the newest item expires, or would if it had not been removed: what is added next depends on
   * it, so it belongs to the replicated state.
   */
  get newestExpiresAt(): number {
    return this.#newestExpiresAt;
  }

  /** What expires last. */
  get last(): Item | null {
    return this.#newest?.item ?? null;
  }

  /** The live item. An expired one is removed on the way. */
  find(id: Id, logTimeMs: number): Item | null {
    const node = this.#nodes.get(id);
    if (node === undefined) return null;
    if (node.item.expiresAt > logTimeMs) return node.item;
    this.#remove(node);
    return null;
  }

  /** The item as it stands here, expired or not. */
  peek(id: Id): Item | null {
    return this.#nodes.get(id)?.item ?? null;
  }

  /** Adds an item, or moves it to the end. It expires then, or a little later. */
  put(id: Id, item: Item, expiresAt: number): void {
    const before = this.#nodes.get(id);
    if (before !== undefined) this.#unlink(before);
    this.#newestExpiresAt = Math.max(this.#newestExpiresAt, expiresAt);
    item.expiresAt = this.#newestExpiresAt;
    this.load(id, item);
  }

  /** Adds an item of a snapshot at the end; it has its time. */
  load(id: Id, item: Item): void {
    const node: Node<Id, Item> = { id, item, older: this.#newest, newer: null };
    if (this.#newest === null) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.#nodes.set(id, node);
  }

  remove(id: Id): void {
    const node = this.#nodes.get(id);
    if (node !== undefined) this.#remove(node);
  }

  /** Removes what would expire first. */
  removeFirst(): void {
    if (this.#oldest !== null) this.#remove(this.#oldest);
  }

  /** Removes up to `max` expired items. */
  sweep(logTimeMs: number, max: number): void {
    for (let removed = 0; removed < max; removed += 1) {
      if (this.#oldest === null || this.#oldest.item.expiresAt > logTimeMs) return;
      this.#remove(this.#oldest);
    }
  }

  /** In order of expiry, as they are now. */
  items(): Item[] {
    const items: Item[] = [];
    for (let node = this.#oldest; node !== null; node = node.newer) items.push(node.item);
    return items;
  }

  #remove(node: Node<Id, Item>): void {
    this.#nodes.delete(node.id);
    this.#unlink(node);
    this.#onRemoved(node.item);
  }

  #unlink(node: Node<Id, Item>): void {
    const { older, newer } = node;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
  }
}
