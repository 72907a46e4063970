// Splits a style sheet as CSS Syntax 3 does, as far as telling which rules apply needs.
// Mirrors internal/extract/csslex.go.
import { lower } from "./words.ts";

// CSSToken's kind is "i" for an identifier, "f" for a function's name, "@", "#", "s" for
// a string, "u" for an address without quotes, "n" for a number with its unit, "c" for
// the mark of a comment in HTML, " " for white space, "\0" at the end, or the sign itself.
export interface CSSToken { kind: string; text: string }

export interface CSSLexer { s: string; i: number }

const space = /[ \t\n\r\f]*/y;
const plain = /[\w\-\x80-\uffff]*/y;
const starts = /-*(?:[a-zA-Z_\x80-\uffff]|\\[^\n])/y;
const numeral = /[+-]?\.?[0-9]/y;
const number = /[+-]?[0-9.]*/y;

// take is what an expression matches at the place, and goes past it.
function take(l: CSSLexer, re: RegExp): string {
  re.lastIndex = l.i;
  const m = re.exec(l.s);
  if (m) l.i += m[0].length;
  return m ? m[0] : "";
}

function at(l: CSSLexer, re: RegExp): boolean {
  re.lastIndex = l.i;
  return re.test(l.s);
}

export function next(l: CSSLexer): CSSToken {
  while (l.s.startsWith("/*", l.i)) {
    const n = l.s.indexOf("*/", l.i + 2);
    l.i = n < 0 ? l.s.length : n + 2;
  }
  if (l.i >= l.s.length) return { kind: "\0", text: "" };
  const c = l.s[l.i] as string;
  for (const mark of ["<!--", "-->"]) {
    if (l.s.startsWith(mark, l.i)) {
      l.i += mark.length;
      return { kind: "c", text: mark };
    }
  }
  if (take(l, space)) return { kind: " ", text: " " };
  if (c === '"' || c === "'") return quoted(l, c);
  if (at(l, numeral)) {
    let n = take(l, number).replace(/^\+/, "");
    if (l.s[l.i] === "%") {
      l.i++;
      n += "%";
    } else if (at(l, starts)) n += lower(name(l));
    return { kind: "n", text: n };
  }
  if (at(l, starts)) return word(l);
  l.i++;
  if ((c === "@" || c === "#") && /[\w\-\x80-\uffff\\]/.test(l.s[l.i] ?? "")) return { kind: c, text: name(l) };
  return { kind: c, text: c };
}

function word(l: CSSLexer): CSSToken {
  const text = name(l);
  if (l.s[l.i] !== "(") return { kind: "i", text };
  l.i++;
  const f = lower(text);
  if (f !== "url") return { kind: "f", text: f };
  const from = l.i;
  take(l, space);
  const start = l.i;
  if (l.s[l.i] === '"' || l.s[l.i] === "'") {
    l.i = from;
    return { kind: "f", text: f };
  }
  const end = l.s.indexOf(")", start);
  l.i = end < 0 ? l.s.length : end + 1;
  return { kind: "u", text: l.s.slice(start, end < 0 ? Math.max(start, l.s.length - 1) : end) };
}

function quoted(l: CSSLexer, q: string): CSSToken {
  let text = "";
  l.i++;
  while (l.i < l.s.length) {
    const c = l.s[l.i] as string;
    if (c === "\n") break;
    if (c === q) {
      l.i++;
      break;
    }
    if (c !== "\\") {
      text += c;
      l.i++;
    } else if (l.s[l.i + 1] === "\n") l.i += 2;
    else text += escape(l);
  }
  return { kind: "s", text };
}

function name(l: CSSLexer): string {
  let text = take(l, plain);
  while (l.s[l.i] === "\\" && l.i + 1 < l.s.length && l.s[l.i + 1] !== "\n") text += escape(l) + take(l, plain);
  return text;
}

// escape reads a backslash and what it stands for: up to six hexadecimal digits and one
// white space, or any other character.
function escape(l: CSSLexer): string {
  l.i++;
  const digits = take(l, /[0-9a-fA-F]{1,6}/y);
  if (digits) {
    if (/[ \t\n\r\f]/.test(l.s[l.i] ?? "")) l.i++;
    const n = parseInt(digits, 16);
    return n === 0 || n > 0x10ffff || (n >= 0xd800 && n < 0xe000) ? "\ufffd" : String.fromCodePoint(n);
  }
  if (l.i >= l.s.length) return "";
  const c = String.fromCodePoint(l.s.codePointAt(l.i) as number);
  l.i += c.length;
  return c;
}

// joined writes tokens as one string: words in lower case, strings in quotes.
export const joined = (ts: CSSToken[]) =>
  ts.map(({ kind, text }) => {
    switch (kind) {
      case "s": return `"${text.replaceAll('"', "")}"`;
      case "f": return text + "(";
      case "u": return `url(${text})`;
      case "#":
      case "@": return kind + lower(text);
    }
    return lower(text);
  }).join("");

// splitTokens splits at a sign that stands in no brackets.
export function splitTokens(ts: CSSToken[], sign: string): CSSToken[][] {
  const out: CSSToken[][] = [];
  let depth = 0;
  let from = 0;
  ts.forEach(({ kind }, i) => {
    if ("([f".includes(kind)) depth++;
    else if (kind === ")" || kind === "]") depth--;
    else if (kind === sign && depth === 0) {
      out.push(ts.slice(from, i));
      from = i + 1;
    }
  });
  return [...out, ts.slice(from)];
}
