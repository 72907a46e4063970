// Strings as Go's package strings sees them: its white space is not JavaScript's, and
// its letters change case one by one.

const space = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const solid = new RegExp(`[^${space}]`);
const parted = new RegExp(`[^${space}]+`, "g");

// hasText tells whether anything but white space is in a text.
export const hasText = (s: string) => solid.test(s);
export const trim = (s: string) => trimRight(s.slice(Math.max(0, s.search(solid))), " ", solid);

// trimRight cuts characters off the end: no expression does that in linear time.
export function trimRight(s: string, cutset: string, keep?: RegExp): string {
  let n = s.length;
  while (n > 0 && (keep ? !keep.test(s[n - 1] as string) : cutset.includes(s[n - 1] as string))) n--;
  return s.slice(0, n);
}

export const fields = (s: string): string[] => s.match(parted) ?? [];

// values parts a value of a style sheet at blanks that stand in no brackets.
export function values(v: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let last = "";
  for (const c of v) {
    if (c === "(") depth++;
    else if (c === ")") depth--;
    if (depth > 0 || !" \t\n\r\f".includes(c)) last += c;
    else if (last) {
      out.push(last);
      last = "";
    }
  }
  return last ? [...out, last] : out;
}

// belowZero tells a value that has a minus sign, as against a hyphen.
export const belowZero = (v: string) => /(^|[ (,*/+])-[ (.0-9]/.test(v) || v.includes("attr(");

export const lower = (s: string) => (/^[\0-\x7f]*$/.test(s) ? s.toLowerCase() : Array.from(s, (c) => String.fromCodePoint(c.toLowerCase().codePointAt(0) as number)).join(""));

// upper changes letters one by one: none becomes two.
export const upper = (s: string) => Array.from(s, (c) => (c.toUpperCase().length > c.length ? c : c.toUpperCase())).join("");

// equalFold tells whether two texts differ in the case of letters alone.
export const equalFold = (a: string, b: string) => a === b || (a.length === b.length && lower(lower(a).toUpperCase()) === lower(lower(b).toUpperCase()));

// cut parts a text at a sign; there is "" where the sign is not in it.
export function cut(s: string, sign: string): [before: string, after: string, there: boolean] {
  const i = s.indexOf(sign);
  return i < 0 ? [s, "", false] : [s.slice(0, i), s.slice(i + sign.length), true];
}

// set are words, as a table.
export const set = (words: string) => new Set(words.split(" "));

export const hasLetters = (s: string) => /[\p{L}\p{Nd}]/u.test(s);
