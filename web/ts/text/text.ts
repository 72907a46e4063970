// The canonical form of a text, editions sijil-text/1 and sijil-text/0. Mirrors
// internal/text, and is held to it by the vectors of docs/testvectors/text;
// docs/formats/text.md is the description.
//
// Words are composed with the browser's NFC: for characters that are assigned in
// Unicode 15.0 it gives the same in every later version, and others do not reach it.
import { Edition, Edition0, InputError, MaxBytes, type Form } from "./types.ts";
import { canonical, scan } from "./scan.ts";

export * from "./types.ts";
export { dropBullets, isBullet, bulletOf } from "./bullets.ts";
export { Blank, Invisible, Visible, visibility } from "./class.ts";

// parse reads a text: bytes of UTF-8, or a string. It throws InputError.
export function parse(input: Uint8Array | string, edition: string = Edition): Form {
  if (edition !== Edition && edition !== Edition0) throw new Error(`text: canonical form "${edition}" is not known to this program`);
  const s = typeof input === "string" ? checked(input) : decoded(input);
  return scan(s, edition === Edition0);
}

// canonicalText returns the canonical form: the tokens joined by one space.
export function canonicalText(input: Uint8Array | string, edition: string = Edition): string {
  return canonical(parse(input, edition));
}

export { canonical };

const tooLarge = () => new InputError("too-large", 0, `larger than ${MaxBytes} bytes (5 MiB)`);

function decoded(b: Uint8Array): string {
  if (b.length > MaxBytes) throw tooLarge();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);
  } catch {
    throw new InputError("invalid-utf8", invalidAt(b), "not UTF-8");
  }
}

// invalidAt returns the offset of the first byte that begins no character: a cut
// that leaves a prefix which is UTF-8 is looked for by halves.
function invalidAt(b: Uint8Array): number {
  let good = 0;
  let bad = b.length;
  while (good < bad) {
    const middle = (good + bad + 1) >> 1;
    if (whole(b.subarray(0, middle))) good = middle;
    else bad = middle - 1;
  }
  // A prefix that ends within a character is good for whole, and begins there.
  while (good > 0 && !strict(b.subarray(0, good))) good--;
  return good;
}

const strict = (b: Uint8Array) => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(b);
    return true;
  } catch {
    return false;
  }
};

const whole = (b: Uint8Array) => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(b, { stream: true });
    return true;
  } catch {
    return false;
  }
};

function checked(s: string): string {
  // Three bytes a unit at most: most strings need no counting.
  if (s.length * 3 > MaxBytes && new TextEncoder().encode(s).length > MaxBytes) throw tooLarge();
  if (s.isWellFormed()) return s;
  let at = 0;
  for (const c of s) {
    const r = c.codePointAt(0) as number;
    if (r >= 0xd800 && r <= 0xdfff) break;
    at += r < 0x80 ? 1 : r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
  }
  throw new InputError("invalid-utf8", at, "not UTF-8");
}
