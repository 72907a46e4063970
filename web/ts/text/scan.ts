// The scanner: one walk over a text. Mirrors internal/text/scan.go, word.go, sign.go
// and manifest.go; positions here are UTF-16 units, made byte offsets at the end.
import { bulletOf, isBullet } from "./bullets.ts";
import * as k from "./class.ts";
import { markLists } from "./marker.ts";
import * as t from "./types.ts";

interface Scanner {
  s: string;
  bytes: Uint32Array; // byte offset of each unit, and of the end
  class: Uint8Array;
  first: boolean; // edition 0
  markers: number; // bullets at line starts
  tokens: t.Token[];
  warnings: t.Warning[];
  breaks: number;
  bulleted: boolean;
  opening: boolean; // only ">" and bullets stand before this place on the line
  dash: boolean; // the last token is a dash and only skipped characters followed
}

// scan returns the form of a well-formed string.
export function scan(s: string, first: boolean): t.Form {
  const x: Scanner = {
    s, bytes: byteOffsets(s), class: k.classes(), first, markers: 0, tokens: [], warnings: [],
    breaks: 1, bulleted: false, opening: false, dash: false,
  };
  for (let i = 0; i < s.length; ) {
    const c = classAt(x, i);
    i = k.inWord(c) ? word(x, i) : other(x, i, i + size(x, i), c);
  }
  if (x.tokens.length === x.markers) throw new t.InputError("empty", 0, "no words in the input");
  markLists(x.tokens, first);
  return { tokens: x.tokens, warnings: x.warnings };
}

// canonical returns the tokens joined by one space.
export const canonical = (f: t.Form) => f.tokens.map((x) => x.text).join(" ");

function byteOffsets(s: string): Uint32Array {
  const out = new Uint32Array(s.length + 1);
  let at = 0;
  for (let i = 0; i < s.length; i++) {
    out[i] = at;
    const u = s.charCodeAt(i);
    // Each half of a pair is two of its four bytes.
    at += u < 0x80 ? 1 : u < 0x800 || (u >= 0xd800 && u <= 0xdfff) ? 2 : 3;
  }
  out[s.length] = at;
  return out;
}

const code = (x: Scanner, i: number) => x.s.codePointAt(i) as number;
const size = (x: Scanner, i: number) => (code(x, i) > 0xffff ? 2 : 1);
const classAt = (x: Scanner, i: number) => x.class[code(x, i)] as number;
const byte = (x: Scanner, i: number) => x.bytes[i] as number;

// peek returns the class of the first code point from i on that is not skipped.
function peek(x: Scanner, i: number): number {
  while (i < x.s.length) {
    const c = classAt(x, i);
    if (!k.skipped(c)) return c;
    i += size(x, i);
  }
  return k.cSpace;
}

function emit(x: Scanner, start: number, end: number, text: string, cls: number): void {
  if (x.tokens.length === t.MaxTokens) throw new t.InputError("too-many-tokens", byte(x, start), "more than 1048576 words and signs");
  x.opening = (x.breaks > 0 || x.opening) && (text[0] === ">" || isBullet(text));
  x.tokens.push({ text, start: byte(x, start), end: byte(x, end), class: cls, breaks: Math.min(x.breaks, 255), bulleted: x.bulleted });
  x.breaks = 0;
  x.bulleted = x.dash = false;
}

function lineEnd(x: Scanner): void {
  x.breaks++;
  x.bulleted = x.opening = x.dash = false;
}

function warning(x: Scanner, code: string, at: number, detail: string): void {
  if (x.warnings.length < t.MaxWarnings - 1) x.warnings.push({ code, at: byte(x, at), detail });
  else if (x.warnings.length === t.MaxWarnings - 1) x.warnings.push({ code: "more-warnings", at: byte(x, at), detail: "more warnings follow" });
}

const warn = (x: Scanner, name: string, i: number) =>
  warning(x, name, i, `U+${code(x, i).toString(16).toUpperCase().padStart(4, "0")}`);

// skip leaves out the code point at i, and what belongs to it. It returns where to go
// on.
function skip(x: Scanner, i: number, c: number): number {
  const n = size(x, i);
  if (c !== k.cWarn) return i + n;
  const r = code(x, i);
  const bom = r === 0xfeff;
  if (bom && !x.first) {
    const m = manifest(x, i + n);
    if (m) {
      warning(x, "c2pa-manifest", i, `${m.length} bytes`);
      return m.end;
    }
  }
  // A byte order mark at the start is no news. Edition 0 took every character that
  // begins with the same byte for one.
  if (i > 0 || (!bom && !(x.first && r >= 0xf000 && r <= 0xffff))) warn(x, "zero-width", i);
  return i + n;
}

const magic = [0x43, 0x32, 0x50, 0x41, 0x54, 0x58, 0x54, 0, 1];

// manifest reads a C2PA text manifest after its U+FEFF.
function manifest(x: Scanner, i: number): { length: number; end: number } | undefined {
  const next = () => {
    const r = x.s.codePointAt(i) ?? 0;
    const v = r >= 0xfe00 && r <= 0xfe0f ? r - 0xfe00 : r >= 0xe0100 && r <= 0xe01ef ? r - 0xe0100 + 16 : -1;
    if (v >= 0) i += r > 0xffff ? 2 : 1;
    return v;
  };
  for (const want of magic) if (next() !== want) return undefined;
  let length = 0;
  for (let n = 0; n < 4; n++) {
    const v = next();
    if (v < 0) return undefined;
    length = length * 256 + v;
  }
  for (let n = 0; n < length; n++) if (next() < 0) return undefined;
  return { length, end: i };
}

const tooManyMarks = (x: Scanner, i: number) => new t.InputError("too-many-marks", byte(x, i), "more than 8 combining marks on one base");

// manyMarks reports whether a base carries more than MaxMarks.
function manyMarks(x: Scanner, s: string): boolean {
  let marks = 0;
  for (const c of s) {
    marks = x.class[c.codePointAt(0) as number] === k.cMark ? marks + 1 : 0;
    if (marks > t.MaxMarks) return true;
  }
  return false;
}

// What a word needs before it is canonical.
const asIs = 0;
const folds = 1;
const compose = 2;

// word reads the word at start.
function word(x: Scanner, start: number): number {
  let i = start;
  let end = start;
  let rebuild = asIs;
  let last = k.cWord;
  let marks = 0;
  while (i < x.s.length) {
    const c = classAt(x, i);
    const n = size(x, i);
    if (c <= k.cDigit) marks = 0;
    else if (c === k.cMark) {
      rebuild = compose;
      if (++marks > t.MaxMarks) throw tooManyMarks(x, i);
    } else if (c === k.cFoldDigit) {
      rebuild = Math.max(rebuild, folds);
      marks = 0;
    } else if (k.inWord(c)) {
      rebuild = compose;
      marks = 0;
    } else if (k.skipped(c)) {
      rebuild = Math.max(rebuild, folds);
      i = skip(x, i, c);
      continue;
    } else if (c === k.cSingle && joinsLetters(x, i + n)) {
      if (x.s[i] !== "'") rebuild = Math.max(rebuild, folds);
      marks = 0;
    } else if ((c === k.cStop || c === k.cSeparator) && k.isDigit(last) && k.isDigit(peek(x, i + n))) {
      if (code(x, i) >= 0x80) rebuild = Math.max(rebuild, folds);
    } else break;
    last = c;
    i += n;
    end = i;
  }
  emitWord(x, start, end, rebuild);
  return i;
}

function joinsLetters(x: Scanner, i: number): boolean {
  const c = peek(x, i);
  return k.inWord(c) && c !== k.cMark;
}

function emitWord(x: Scanner, start: number, end: number, rebuild: number): void {
  let s = x.s.slice(start, end);
  if (rebuild !== asIs) {
    let work = "";
    for (const ch of s) {
      const r = ch.codePointAt(0) as number;
      const c = x.class[r] as number;
      if (k.skipped(c)) continue;
      work += c === k.cWord ? ch : c === k.cSingle ? "'" : k.fold(r);
    }
    s = work;
  }
  if (rebuild === compose) {
    if (manyMarks(x, s)) throw tooManyMarks(x, start);
    s = s.normalize("NFC");
    if (manyMarks(x, s)) throw tooManyMarks(x, start);
  }
  emit(x, start, end, s, t.Word);
}

// other reads what is not a word: the code point of class c at i, which ends at end.
// It returns where to go on.
function other(x: Scanner, i: number, end: number, c: number): number {
  const wasDash = x.dash;
  x.dash = false;
  switch (c) {
    case k.cSpace:
      return end;
    case k.cLineEnd:
      if (x.s[i] === "\r" && x.s[end] === "\n") end++;
      lineEnd(x);
      return end;
    case k.cSkip:
    case k.cWarn:
      x.dash = wasDash;
      return skip(x, i, c);
    case k.cNul:
      throw new t.InputError("nul-byte", byte(x, i), "NUL byte");
    case k.cBullet:
      bullet(x, i, end);
      return marksOn(x, end);
    case k.cDash:
      if (wasDash) {
        // "--" is one dash
        (x.tokens[x.tokens.length - 1] as t.Token).end = byte(x, end);
        x.dash = true;
        return marksOn(x, end);
      }
      break;
    case k.cHidden:
      if (x.first && k.shorthand(code(x, i))) break;
      emitSign(x, i, end, t.Hidden);
      return marksOn(x, end);
    case k.cStop:
      if (x.s.startsWith("...", i)) {
        emit(x, i, end + 2, "...", t.Punctuation);
        return marksOn(x, end + 2);
      }
      break;
    case k.cUnassigned:
      warn(x, "unassigned", i);
  }
  if (c === k.cRebuildSign || peek(x, end) === k.cMark) return cluster(x, i, end, c);
  emitSign(x, i, end, t.Punctuation);
  x.dash = c === k.cDash;
  return end;
}

// bullet reads a bullet. At a line start it may mark an item, or be part of the text
// and wrapped: it stays. Edition 0 dropped it.
function bullet(x: Scanner, i: number, end: number): void {
  const starts = x.breaks > 0 || x.opening;
  if (x.first) {
    if (starts) x.bulleted = true;
    else emitSign(x, i, end, t.Bullet);
    return;
  }
  if (starts) x.markers++;
  emit(x, i, end, bulletOf(x.s.slice(i, end)), starts ? t.Marker : t.Bullet);
}

function signText(x: Scanner, i: number): string {
  const r = code(x, i);
  switch (x.class[r]) {
    case k.cDash:
      return "-";
    case k.cSingle:
      return "'";
    case k.cDouble:
      return '"';
  }
  return r === 0x2026 ? "..." : k.fold(r);
}

const emitSign = (x: Scanner, i: number, end: number, cls: number) => emit(x, i, end, signText(x, i), cls);

// cluster reads a sign and the marks on it, which may compose to another sign. The
// marks that remain are a token of their own.
function cluster(x: Scanner, i: number, end: number, c: number): number {
  const base = k.fold(code(x, i));
  const m = marks(x, end);
  // What Unicode 15.0 does not know composes with nothing.
  const composed = c === k.cUnassigned ? base + m.text.normalize("NFC") : (base + m.text).normalize("NFC");
  if (manyMarks(x, composed)) throw tooManyMarks(x, i);
  const head = String.fromCodePoint(composed.codePointAt(0) as number);
  const rest = composed.slice(head.length);
  if (head === base) emitSign(x, i, end, t.Punctuation);
  else emit(x, i, rest === "" ? m.stop : m.from, head, t.Punctuation);
  if (rest !== "") emit(x, m.from, m.stop, rest, t.Word);
  return m.stop;
}

// marks reads the marks from end on, folded, and where they begin and stop.
function marks(x: Scanner, end: number): { text: string; from: number; stop: number } {
  let [text, from, stop, count, warned] = ["", end, end, 0, x.warnings.length];
  for (let j = end; j < x.s.length; ) {
    const c = classAt(x, j);
    if (c === k.cMark) {
      if (count === 0) from = j;
      if (++count > t.MaxMarks) throw tooManyMarks(x, j);
      text += k.fold(code(x, j));
      j += size(x, j);
      stop = j;
      warned = x.warnings.length;
    } else if (k.skipped(c)) j = skip(x, j, c);
    else break;
  }
  // What follows the last mark is read once more. Edition 0 warned of it twice.
  if (!x.first) x.warnings.length = warned;
  return { text, from, stop };
}

// marksOn reads the marks on a sign that composes with none: they are a token of
// their own. In edition 0 they began the next word instead.
function marksOn(x: Scanner, end: number): number {
  if (x.first || peek(x, end) !== k.cMark) return end;
  const m = marks(x, end);
  const composed = m.text.normalize("NFC");
  if (manyMarks(x, composed)) throw tooManyMarks(x, m.from);
  emit(x, m.from, m.stop, composed, t.Word);
  return m.stop;
}
