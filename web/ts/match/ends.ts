// The ends of an alignment. Mirrors internal/match/ends.go.
import { Bullet, Marker, type Token } from "../text/text.ts";
import { hunk, size, type Alignment, type Hunk } from "./align.ts";
import type { Copied } from "./copied.ts";
import { find, gramLen, type IDs } from "./diff.ts";
import { sameWords } from "./slide.ts";
import { elided, isQuote, lineEnd, lineStart, lower, starts } from "./word.ts";

// growHead takes into a hunk what belongs to the text before its first aligned token.
export function growHead(a: Alignment, c: Copied): void {
  const cp = c.tokens;
  const pub = a.d.tokens;
  a.opening = a.textStart = a.c0;
  const h = hunk(a.omitHead, a.omitHead, a.c0, a.c0);
  const from = lineStart(cp, a.c0);
  if (from < a.c0) {
    h.c0 = skipMarkers(cp, from, a.c0);
    if (h.c0 > from) a.tolerances.add("list-markers");
    const q = skipQuoting(cp, h.c0, a.c0);
    if (q === a.c0) {
      a.opening = h.c0;
      h.c0 = q;
    } else if (h.p0 > 0) h.p0 = lineStart(pub, h.p0);
    a.c0 = from;
  }
  while (h.p0 > 0 && h.c0 > 0 && (h.p0 === pub.length || starts(pub, h.p0)) && starts(cp, h.c0)) {
    const p = lineStart(pub, h.p0 - 1);
    const q = lineStart(cp, h.c0 - 1);
    if (!resemble(pub.slice(p, h.p0), cp.slice(q, h.c0))) break;
    h.p0 = p;
    h.c0 = q;
  }
  while (h.c0 > 0 && starts(cp, h.c0) && deleted(a, c.ids.subarray(lineStart(cp, h.c0 - 1), h.c0))) h.c0 = lineStart(cp, h.c0 - 1);
  if (size(h) > 0) {
    a.hunks.unshift(h);
    a.omitHead = h.p0;
    a.c0 = Math.min(a.c0, h.c0);
  }
}

// growTail is growHead for the other end. Words attached on the last line are left to
// the list, which may begin there.
export function growTail(a: Alignment, c: Copied): void {
  const cp = c.tokens;
  const pub = a.d.tokens;
  const h = hunk(a.omitTail, a.omitTail, a.c1, a.c1);
  while (h.p1 < pub.length && h.c1 < cp.length && starts(cp, h.c1)) {
    const p = lineEnd(pub, h.p1 + 1);
    const q = lineEnd(cp, h.c1 + 1);
    if (!resemble(pub.slice(h.p1, p), cp.slice(h.c1, q))) break;
    h.p1 = p;
    h.c1 = q;
  }
  while (h.c1 < cp.length && starts(cp, h.c1) && deleted(a, c.ids.subarray(h.c1, lineEnd(cp, h.c1 + 1)))) h.c1 = lineEnd(cp, h.c1 + 1);
  if (size(h) > 0) {
    a.hunks.push(h);
    a.omitTail = h.p1;
    a.c1 = h.c1;
  }
}

// movedEnds makes a hunk of what is missing at an end of the text when the same words
// were put in elsewhere: a demand that was moved, and not left out.
export function movedEnds(a: Alignment, c: Copied): void {
  const n = a.d.ids.length;
  const head = hunk(0, a.omitHead, a.c0, a.c0);
  const tail = hunk(a.omitTail, n, a.c1, a.c1);
  for (const h of a.hunks) {
    if (sameWords(a.d, c, head, h)) {
      a.hunks.unshift(head);
      a.omitHead = 0;
      return;
    }
    if (sameWords(a.d, c, tail, h)) {
      a.hunks.push(tail);
      a.omitTail = n;
      return;
    }
  }
}

// attachTail returns the hunks of the copy's tokens [c1,to), which follow the text on
// its last line and are no list, and of an opening quotation mark that is not closed.
export function attachTail(a: Alignment, c: Copied, to: number): Hunk[] {
  const cp = c.tokens;
  const opened = a.opening < a.textStart;
  const closed = to > a.c1 && skipQuoting(cp, a.c1, to) === to;
  const opening = cp.slice(a.opening, a.textStart);
  const closing = cp.slice(a.c1, to);
  const quoted = (t: Token[]) => t.some((x) => isQuote(x.text));
  if (
    (opened && closed && quoted(opening) === quoted(closing)) ||
    (opened && to === a.c1 && elided(opening)) ||
    (!opened && closed && elided(closing) && a.omitTail < a.d.ids.length)
  ) {
    a.tolerances.add("quotation");
    return [];
  }
  const hunks: Hunk[] = [];
  if (opened) hunks.push(hunk(a.omitHead, a.omitHead, a.opening, a.textStart));
  if (to > a.c1) hunks.push(hunk(a.omitTail, lineEnd(a.d.tokens, a.omitTail), a.c1, to));
  return hunks;
}

// deleted reports whether a line beyond the ends is one that is missing elsewhere.
function deleted(a: Alignment, line: IDs): boolean {
  if (line.length < gramLen) return false;
  const has = (from: number, to: number) => find(a.d.ids.subarray(from, to), line) >= 0;
  return a.hunks.some((h) => h.c0 === h.c1 && has(h.p0, h.p1)) || has(0, a.omitHead) || has(a.omitTail, a.d.ids.length);
}

// resemble reports whether two lines have three tenths of their tokens in common,
// whatever their case.
function resemble(a: Token[], b: Token[]): boolean {
  const left = new Set(a.map((t) => lower(t.text)));
  const right = new Set(b.map((t) => lower(t.text)));
  let both = 0;
  for (const w of left) if (right.has(w)) both++;
  return 10 * both >= 3 * (left.size + right.size - both);
}

// skipMarkers returns the first token from i on that is no list marker.
export function skipMarkers(tokens: Token[], i: number, end: number): number {
  while (i < end && ((tokens[i] as Token).class === Marker || (tokens[i] as Token).class === Bullet)) i++;
  return i;
}

// skipQuoting returns the first token from i on that is no quotation mark or sign of
// omission.
function skipQuoting(tokens: Token[], i: number, end: number): number {
  while (i < end && (isQuote((tokens[i] as Token).text) || elided(tokens.slice(i, i + 1)))) i++;
  return i;
}
