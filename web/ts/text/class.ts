// How the scanner treats each code point. Mirrors internal/text/table.go: the table is
// made from it, and pins Unicode 15.0 whatever the browser knows.
import { runs } from "./table.ts";

export const cWord = 0;
export const cDigit = 1;
export const cMark = 2;
export const cRebuild = 3;
export const cFoldDigit = 4;
export const cSkip = 5;
export const cWarn = 6;
export const cSpace = 7;
export const cLineEnd = 8;
export const cSingle = 9;
export const cDouble = 10;
export const cDash = 11;
export const cStop = 12;
export const cSeparator = 13;
export const cBullet = 14;
export const cHidden = 15;
export const cSign = 16;
export const cNul = 17;
export const cRebuildSign = 18;
export const cUnassigned = 19;
const cNumber = 20; // in the table alone: a number, which is treated as a word

let table: Uint8Array | undefined;
let numbers: Set<number>;

// The table: a letter for the class, then how many code points have it, in base 36.
function expand(): Uint8Array {
  const out = new Uint8Array(0x110000);
  numbers = new Set();
  let at = 0;
  for (const [, letter, length] of runs.matchAll(/([A-Z])([0-9a-z]*)/g)) {
    const n = length === "" ? 1 : parseInt(length as string, 36);
    let c = (letter as string).charCodeAt(0) - 65;
    if (c === cNumber) {
      for (let i = at; i < at + n; i++) numbers.add(i);
      c = cWord;
    }
    out.fill(c, at, at + n);
    at += n;
  }
  return out;
}

// classes returns the class of every code point.
export function classes(): Uint8Array {
  return (table ??= expand());
}

export const inWord = (c: number) => c <= cFoldDigit;
export const skipped = (c: number) => c === cSkip || c === cWarn;
export const isDigit = (c: number) => c === cDigit || c === cFoldDigit;

// isLetter reports whether a code point is of the category L.
export function isLetter(r: number): boolean {
  const c = classes()[r];
  return (c === cWord || c === cRebuild) && !numbers.has(r);
}

// isNumber reports whether a code point is of the category N.
export function isNumber(r: number): boolean {
  const c = classes()[r] as number;
  return isDigit(c) || numbers.has(r);
}

const signFolds: Record<number, string> = {
  0x061b: ";", 0x061f: "?", 0x066a: "%", 0x06d4: ".", 0x060c: ",", 0x066b: ".", 0x066c: ",",
  0x037e: ";", 0x0387: "·", 0x1fee: "΅", 0x1fef: "'", 0x1ffd: "'", 0x2329: "〈", 0x232a: "〉",
};

// fold returns what a code point stands for. The Latin ligatures and the Arabic
// presentation forms stand for their compatibility decomposition, which never changes
// for a character that is assigned, without its space or tatweel.
export function fold(r: number): string {
  const sign = signFolds[r];
  if (sign !== undefined) return sign;
  if ((r >= 0x660 && r <= 0x669) || (r >= 0x6f0 && r <= 0x6f9)) return String.fromCharCode(48 + (r & 0xf));
  const s = String.fromCodePoint(r);
  if ((r >= 0xfb00 && r <= 0xfb06) || (r >= 0xfb50 && r <= 0xfefe)) {
    const c = classes()[r];
    if (c === cMark || c === cRebuild) return s.normalize("NFKC").replace(/[ ـ]/g, "");
  }
  return s;
}

// shorthand reports whether r is a shorthand format control.
export const shorthand = (r: number) => r >= 0x1bca0 && r <= 0x1bca3;

// What a reader sees of a code point.
export const Visible = 0;
export const Blank = 1;
export const Invisible = 2;

export function visibility(r: number): number {
  const c = classes()[r];
  if (c === cSpace || c === cLineEnd) return Blank;
  return c === cWarn || c === cHidden || c === cNul || (c === cSkip && r !== 0x640) ? Invisible : Visible;
}
