/** A few typed events without the weight of EventTarget. */

export class Emitter<Events extends object> {
  private readonly handlers = new Map<keyof Events, Set<(value: never) => void>>();

  /** Listen; the answer stops listening. */
  on<K extends keyof Events>(name: K, fn: (value: Events[K]) => void): () => void {
    const set = this.handlers.get(name) ?? new Set();
    this.handlers.set(name, set);
    set.add(fn as (value: never) => void);
    return () => set.delete(fn as (value: never) => void);
  }

  emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const fn of [...(this.handlers.get(name) ?? [])])
      (fn as (value: Events[K]) => void)(value);
  }
}
