/** How long a page was really looked at: the clock runs only while the page is visible. Pure. */

export class DwellClock {
  private sum = 0;
  private since: number | null;

  /** `now` in milliseconds, from any clock that does not go back. */
  constructor(now: number, visible: boolean) {
    this.since = visible ? now : null;
  }

  show(now: number): void {
    this.since ??= now;
  }

  hide(now: number): void {
    this.sum = this.total(now);
    this.since = null;
  }

  /** Milliseconds of visible time so far. */
  total(now: number): number {
    return this.sum + (this.since === null ? 0 : Math.max(0, now - this.since));
  }
}
