// Differences that are presentation although the canonical form keeps them, because
// only the published text can tell. Mirrors tolerance.go and the second half of
// bullets.go in internal/match; the names of tolerances are in docs/formats/verdict.md.
import { Bullet, type Token } from "../text/text.ts";
import { hunk, size, type Alignment, type Hunk } from "./align.ts";
import { count, marks, startsItem, wraps, type Copied } from "./copied.ts";
import { equal } from "./diff.ts";
import { arabicLetters, joined, lineEnd, plainLetters, starts, tokenText, withoutVowels, wordsOnly } from "./word.ts";

// tolerate takes out of the hunks what a tolerance covers.
export function tolerate(a: Alignment, c: Copied): void {
  a.hunks = a.hunks.filter((h) => h.move || !covered(a, c, h));
}

// covered narrows h at its ends and reports whether nothing is left of it.
function covered(a: Alignment, c: Copied, h: Hunk): boolean {
  trimMarkers(a, c, h);
  if (!bulletsFit(a, c, h)) return false;
  const cs: number[] = [];
  for (let i = h.c0; i < h.c1; i++) if (!c.emph.has(i)) cs.push(c.ids[i] as number);
  if (equal(a.d.ids.subarray(h.p0, h.p1), Uint32Array.from(cs))) {
    if (cs.length < h.c1 - h.c0) a.tolerances.add("emphasis");
    return true;
  }
  const pub = a.d.tokens.slice(h.p0, h.p1);
  const cp = c.tokens.slice(h.c0, h.c1);
  const e = equivalent(pub, cp);
  if (!e) return false;
  a.tolerances.add(e.name);
  if (e.warning) a.warnings.push({ code: e.name, at: (cp[0] as Token).start, detail: `${tokenText(pub)} → ${tokenText(cp)}` });
  return true;
}

// trimMarkers takes list markers off both ends of h where the published text has an
// item boundary.
function trimMarkers(a: Alignment, c: Copied, h: Hunk): void {
  const pub = a.d.tokens;
  const cp = c.tokens;
  const boundary = (i: number) => i === pub.length || starts(pub, i);
  if (boundary(h.p0)) {
    while (h.c0 < h.c1 && (marks(cp, h.c0) || ruleEnd(cp, h.c0, h.c1) > 0)) {
      // the same bullet, lines joined
      if ((cp[h.c0] as Token).class !== Bullet || count(a.d.bullets, h.p0) === 0) a.tolerances.add("list-markers");
      h.c0 = Math.max(h.c0 + 1, ruleEnd(cp, h.c0, h.c1));
    }
  }
  if (h.p1 < pub.length && boundary(h.p1)) {
    for (let k = h.c1; k > h.c0 && marks(cp, k - 1); ) {
      k--;
      if (starts(cp, k) || (cp[k] as Token).class === Bullet) {
        a.tolerances.add("list-markers");
        h.c1 = k;
      }
    }
  }
  if (h.p0 < h.p1 && boundary(h.p0)) {
    while (h.p0 < h.p1 && marks(pub, h.p0)) {
      a.tolerances.add("list-markers");
      h.p0++;
    }
  }
}

// ruleEnd returns the end of the line at i when it is a rule, such as "* * *", and
// ends by limit; else 0.
function ruleEnd(tokens: Token[], i: number, limit: number): number {
  if (!starts(tokens, i)) return 0;
  const end = lineEnd(tokens, i + 1);
  return end <= limit && tokens.slice(i, end).every((t) => /^[*\-_=~]$/.test(t.text)) ? end : 0;
}

// equivalent names the tolerance under which the two passages are the same text, and
// whether it deserves a warning.
export function equivalent(pub: Token[], cp: Token[]): { name: string; warning: boolean } | undefined {
  if (pub.length === 0 || cp.length === 0) return undefined;
  if (hyphenated(pub, cp)) return { name: "hyphenation", warning: false };
  if (wordsOnly(pub) && wordsOnly(cp) && joined(pub) === joined(cp) && !/[0-9]/.test(joined(pub))) return { name: "spacing", warning: true };
  if (pub.length !== cp.length) return undefined;
  const folds: [string, (s: string) => string][] = [
    ["styled-letters", plainLetters], ["vowel-signs", withoutVowels], ["letter-variants", arabicLetters],
  ];
  for (const [name, fold] of folds) if (pub.every((t, i) => fold(t.text) === fold((cp[i] as Token).text))) return { name, warning: true };
  return undefined;
}

// hyphenated reports whether the copy has one published word divided by hyphens at
// line ends. Nobody divides a number.
function hyphenated(pub: Token[], cp: Token[]): boolean {
  if (pub.length !== 1 || cp.length < 3 || cp.length % 2 === 0) return false;
  for (let i = 1; i < cp.length; i += 2) {
    const [last, t, next] = [cp[i - 1], cp[i], cp[i + 1]] as [Token, Token, Token];
    if (t.text !== "-" || t.breaks > 0 || next.breaks !== 1 || /[0-9]$/.test(last.text) || /^[0-9]/.test(next.text)) return false;
  }
  return cp.filter((_, i) => i % 2 === 0).map((t) => t.text).join("") === (pub[0] as Token).text;
}

// settleBullets takes out of the hunks the published bullets inside a line that the
// copy has at a line start, and returns as hunks of their own the copy's bullets where
// the published text begins no item.
export function settleBullets(a: Alignment, c: Copied, p: number, i: number): Hunk[] {
  if (c.bullets.size + a.d.bullets.size === 0) return [];
  const hunks = wrapped(a, c);
  const stray: Hunk[] = [];
  let quoting = a.hunks.length === 0 || (a.hunks[0] as Hunk).c0 > i; // an excerpt may be marked as an item
  for (const h of [...a.hunks, hunk(a.omitTail, a.omitTail, a.c1, a.c1)]) {
    for (; i < h.c0 && p < h.p0; i++, p++) {
      const taken = a.wrappedAt.get(i) ?? 0;
      const n = count(c.bullets, i) - taken;
      const published = count(a.d.bullets, p);
      if (n > 0 && !quoting && !startsItem(a.d.tokens, p)) stray.push({ ...hunk(p, p, i, i), bullets: n });
      else if (taken === 0 && n !== published && (published === 0 || n + inline(c.tokens, i) !== published)) a.tolerances.add("list-markers");
      quoting = false;
    }
    p = h.p1;
    i = h.c1;
  }
  a.hunks = hunks;
  return stray;
}

// wrapped returns the hunks without the published bullets that the copy has at a line
// start; how many of the copy's bullets before each token these are is in wrappedAt.
function wrapped(a: Alignment, c: Copied): Hunk[] {
  const pub = a.d.tokens;
  const kept: Hunk[] = [];
  const taken = a.wrappedAt;
  const at = (i: number) => taken.get(i) ?? 0;
  for (const original of a.hunks) {
    const h = { ...original };
    while (!h.move && h.p0 < h.p1 && wraps(c, pub[h.p1 - 1] as Token, h.c1, at(h.c1))) {
      h.p1--;
      taken.set(h.c1, at(h.c1) + 1);
    }
    while (!h.move && h.c0 < h.c1 && h.p0 < h.p1 && wraps(c, pub[h.p0] as Token, h.c0, at(h.c0))) {
      h.p0++;
      taken.set(h.c0, at(h.c0) + 1);
    }
    if (size(h) > 0) kept.push(h);
  }
  return kept;
}

// inline counts the bullets inside a line right before token i.
function inline(tokens: Token[], i: number): number {
  let n = i;
  while (n > 0 && (tokens[n - 1] as Token).class === Bullet) n--;
  return i - n;
}

// addStray puts the hunks of bullets among the others.
export function addStray(a: Alignment, stray: Hunk[]): void {
  if (stray.length === 0) return;
  a.hunks = [...a.hunks, ...stray].sort((x, y) => x.c0 - y.c0 || x.p0 - y.p0);
}

// bulletsFit reports whether the copy's bullets in h stand where the published text
// begins an item. Paired emphasis has no counterpart there.
function bulletsFit(a: Alignment, c: Copied, h: Hunk): boolean {
  let p = h.p0;
  for (let i = h.c0; i < h.c1; i++) {
    if (count(c.bullets, i) > (a.wrappedAt.get(i) ?? 0) && (p > h.p1 || !startsItem(a.d.tokens, p))) return false;
    if (!c.emph.has(i)) p++;
  }
  return true;
}
