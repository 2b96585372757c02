/** Ids that a browser chooses: ULIDs, so that they sort by time in the server's logs. */

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A ULID. `now` is in milliseconds; `random` fills the 16 bytes of which 80 bits are used. */
export function ulid(
  now: number = Date.now(),
  random: (bytes: Uint8Array) => Uint8Array = b => crypto.getRandomValues(b),
): string {
  let out = '';
  let t = now;
  for (let i = 0; i < 10; i++) {
    out = ALPHABET[t % 32] + out;
    t = Math.floor(t / 32);
  }
  for (const byte of random(new Uint8Array(16)))
    out += ALPHABET[byte & 31];
  return out;
}
