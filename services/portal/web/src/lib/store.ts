/** A value that says when it changed.  State is replaced, never changed in place. */

export class Store<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (value === this.value)
      return;
    this.value = value;
    for (const fn of [...this.listeners])
      fn(value);
  }

  update(fn: (value: T) => T): void {
    this.set(fn(this.value));
  }

  patch(part: Partial<T>): void {
    this.set({ ...this.value, ...part });
  }

  subscribe(fn: (value: T) => void): () => void {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }
}
