/** Rings: a soft two-tone from WebAudio and a title that changes, until somebody answers. */

const PERIOD_MS = 2400;
const TITLE_MS = 900;

export class Ring {
  private context: AudioContext | null = null;
  private sound: ReturnType<typeof setInterval> | null = null;
  private flash: ReturnType<typeof setInterval> | null = null;
  private title = '';

  /** Call it from a click (sign-in): browsers let a page sound only after a gesture. */
  arm(): void {
    this.context ??= new AudioContext();
    void this.context.resume();
  }

  start(text: string): void {
    if (this.sound)
      return;
    this.title = document.title;
    this.sound = setInterval(() => this.chime(), PERIOD_MS);
    this.chime();
    document.title = text;
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches)
      this.flash = setInterval(() => {
        document.title = document.title === this.title ? text : this.title;
      }, TITLE_MS);
  }

  stop(): void {
    if (!this.sound)
      return;
    clearInterval(this.sound);
    if (this.flash)
      clearInterval(this.flash);
    this.sound = this.flash = null;
    document.title = this.title;
  }

  private chime(): void {
    const c = this.context;
    if (!c || c.state !== 'running')
      return;
    [[659, 0], [880, 0.22], [659, 0.6], [880, 0.82]].forEach(([hertz, at]) => {
      const tone = c.createOscillator();
      const gain = c.createGain();
      const begin = c.currentTime + at!;
      tone.type = 'sine';
      tone.frequency.value = hertz!;
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(0.14, begin + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, begin + 0.36);
      tone.connect(gain).connect(c.destination);
      tone.start(begin);
      tone.stop(begin + 0.4);
    });
  }
}
