/** Texts as the protocol measures them: in bytes of UTF-8, whole letters only.  Pure. */

export const MAX_TEXT_BYTES = 4096; // of a message, and of a wrap-up's note

/** As much of the beginning as fits.  Half a letter becomes U+FFFD, so that it can travel at all. */
export function cut(text: string, max_bytes: number): string {
  const bytes = new TextEncoder().encode(text);
  let end = Math.min(bytes.length, max_bytes);
  while (end > 0 && end < bytes.length && (bytes[end]! & 0xc0) === 0x80)
    end--; /* inside a letter */
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** The text in pieces that fit, cut at a blank where there is one in its second half. */
export function pieces(text: string, max_bytes = MAX_TEXT_BYTES): string[] {
  const out: string[] = [];
  let rest = cut(text, Infinity).trim();
  while (rest) {
    let piece = cut(rest, max_bytes);
    const blank = piece.length < rest.length ? piece.search(/\s\S*$/) : -1;
    if (blank > piece.length / 2)
      piece = piece.slice(0, blank);
    out.push(piece.trim());
    rest = rest.slice(piece.length).trim();
  }
  return out;
}
