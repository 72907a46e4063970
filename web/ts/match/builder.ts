// Fills a verdict from alignments and a list comparison. Mirrors builder.go and
// variant.go in internal/match.
import type { Token } from "../text/text.ts";
import { hunk, size, type Alignment, type Hunk } from "./align.ts";
import { classify } from "./classify.ts";
import { sliceOf, startsItem, type Copied } from "./copied.ts";
import { find, gram, gramLen, matchRuns } from "./diff.ts";
import { claimsOf } from "./heading.ts";
import type { Line, Name, NameList } from "./list.ts";
import type { ListResult } from "./names.ts";
import { number } from "./stored.ts";
import { hints, type Change, type Verdict } from "./verdict.ts";
import { bytes, endsSentence, isQuote, keys, overlap, slice, starts, visible } from "./word.ts";

export interface Builder {
  v: Verdict;
  c: Copied;
  tolerances: Set<string>;
  changed: number; // tokens
  total: number; // the larger count of tokens of text and list
  excerpt: boolean;
}

// addText reports one language. Where the copy has a part of the text, that is an
// excerpt if the part stands alone and unchanged, else an omission.
export function addText(b: Builder, a: Alignment, hunks: Hunk[], joined: boolean): void {
  for (const name of a.tolerances) b.tolerances.add(name);
  b.v.warnings.push(...a.warnings);
  const pub = a.d.tokens;
  const end = Math.max(a.omitTail, hunks[hunks.length - 1]?.p1 ?? 0);
  b.total += Math.max(pub.length, a.c1 - a.c0);
  for (const h of hunks) {
    b.changed += size(h);
    b.v.changes.push(change(b, a, h));
  }
  if (a.omitHead === 0 && end === pub.length) return;
  if (!joined && hunks.length === 0) {
    b.excerpt = true;
    b.total = a.c1 - a.c0;
    midSentence(b, a);
    return;
  }
  for (const h of [hunk(0, a.omitHead, a.c0, a.c0), hunk(end, pub.length, a.c1, a.c1)]) {
    if (h.p0 >= h.p1) continue;
    b.v.changes.push({ ...change(b, a, h), class: "omission" });
    b.changed += size(h);
  }
}

const contextTokens = 6; // how much around a change its class may depend on

function change(b: Builder, a: Alignment, h: Hunk): Change {
  const pub = a.d.tokens;
  const cp = b.c.tokens;
  const ch: Change = {
    op: h.p0 === h.p1 ? "insert" : h.c0 === h.c1 ? "delete" : "replace", class: "",
    published: slice(a.d.stored.raw, pub, h.p0, h.p1), copy: sliceOf(b.c, h.c0, h.c1),
    at: offset(cp, h.c0, h.c1), published_at: offset(pub, h.p0, h.p1),
  };
  const shown = b.c.bullets.get(h.c0) ?? [];
  if (h.bullets > 0 || (h.c0 < h.c1 && shown.length > (a.wrappedAt.get(h.c0) ?? 0) && !startsItem(pub, h.p0))) {
    ch.at = (shown[shown.length - Math.max(h.bullets, 1)] as { start: number }).start;
    const end = h.c0 < h.c1 ? (cp[h.c1 - 1] as Token).end : (shown[shown.length - 1] as { end: number }).end;
    ch.copy = visible(new TextDecoder("utf-8", { ignoreBOM: true }).decode(b.c.raw.subarray(ch.at, end)));
  }
  ch.class = classify(
    pub.slice(h.p0, h.p1), cp.slice(h.c0, h.c1), pub.slice(Math.max(0, h.p0 - contextTokens), h.p0), pub.slice(h.p1, h.p1 + contextTokens),
    wholeLines(pub, h.p0, h.p1) && wholeLines(cp, h.c0, h.c1), h.p0 === pub.length || starts(pub, h.p0),
  );
  if (h.bullets > 0) ch.class = "punctuation";
  if (h.move) [ch.op, ch.class] = ["move", "order"];
  return ch;
}

// wholeLines reports whether tokens [from,to) are no part of a line.
function wholeLines(tokens: Token[], from: number, to: number): boolean {
  const begins = (i: number) => i === tokens.length || starts(tokens, i);
  return from === to || (begins(from) && begins(to));
}

// offset is where tokens [from,to) stand, or, when there are none, where they would:
// after the token before them.
function offset(tokens: Token[], from: number, to: number): number {
  if (from < to) return (tokens[from] as Token).start;
  return from > 0 ? (tokens[from - 1] as Token).end : (tokens[0] as Token).start;
}

// midSentence warns when an excerpt begins or ends inside a sentence.
function midSentence(b: Builder, a: Alignment): void {
  const pub = a.d.tokens;
  const cp = b.c.tokens;
  const inside = (i: number) => {
    if (i <= 0 || i >= pub.length || starts(pub, i)) return false;
    for (i--; i > 0 && isQuote((pub[i] as Token).text); ) i--;
    return !endsSentence((pub[i] as Token).text);
  };
  if (inside(a.omitHead)) b.v.warnings.push({ code: "mid-sentence", at: (cp[a.c0] as Token).start, detail: "begins inside a sentence" });
  if (inside(a.omitTail)) b.v.warnings.push({ code: "mid-sentence", at: (cp[a.c1 - 1] as Token).end, detail: "ends inside a sentence" });
}

// addPlace reports a changed place-and-date line, word by word.
export function addPlace(b: Builder, l: NameList, ln: Line): void {
  const cp = b.c.tokens.slice(ln.from, ln.to);
  const words = keys(cp);
  let best = l.places[0] as Name & { tokens: Token[] };
  let most = -1;
  for (const p of l.places) {
    const o = overlap(p.keys, words);
    if (o > most) [best, most] = [p, o];
  }
  const v = new Map<string, number>();
  const pubIDs = number(v, best.tokens);
  const cpIDs = number(v, cp);
  b.total += Math.max(pubIDs.length, cpIDs.length);
  const raw = new TextEncoder().encode(best.text);
  let [p, c] = [0, 0];
  for (const r of [...matchRuns(pubIDs, cpIDs), { p: pubIDs.length, c: cpIDs.length, n: 0 }]) {
    if (p < r.p || c < r.c) {
      const published = slice(raw, best.tokens, p, r.p);
      const copy = sliceOf(b.c, ln.from + c, ln.from + r.c);
      b.v.changes.push({
        op: published === "" ? "insert" : copy === "" ? "delete" : "replace", class: "date", published, copy,
        at: offset(b.c.tokens, ln.from + c, ln.from + r.c), published_at: -1,
      });
      b.changed += Math.max(r.p - p, r.c - c);
    }
    p = r.p + r.n;
    c = r.c + r.n;
  }
}

const maxSurroundings = 100; // lines that are listed
const maxSurrounding = 500; // bytes of each

export function addSurrounding(b: Builder, l: Line): void {
  if (b.v.surroundings.length === maxSurroundings) return;
  b.v.surroundings.push({ text: excerptOf(b, l), at: (b.c.tokens[l.from] as Token).start });
}

function excerptOf(b: Builder, l: Line): string {
  let text = sliceOf(b.c, l.from, l.to);
  if (bytes(text) > maxSurrounding) {
    const cut = new TextEncoder().encode(text).subarray(0, maxSurrounding);
    text = `${new TextDecoder("utf-8", { ignoreBOM: true }).decode(cut, { stream: true })}…`;
  }
  return text;
}

// addClaims warns of surroundings that name signatories of their own.
export function addClaims(b: Builder, lines: Line[], after: number): void {
  for (const l of claimsOf(b.c.tokens, lines, after)) b.v.warnings.push({ code: "other-signatories", at: (b.c.tokens[l.from] as Token).start, detail: excerptOf(b, l) });
}

const minVariant = 16; // tokens that a passage beside the text has at least before it is held against the text

// variants looks at what would be surroundings for passages that are the text with
// changes, reports them as additions, and returns the lines that remain.
export function variants(b: Builder, parts: Alignment[], lines: Line[]): Line[] {
  const kept: Line[] = [];
  let grams: Set<string> | undefined;
  for (let i = 0; i < lines.length; ) {
    const line = (k: number) => lines[k] as Line;
    let n = 1;
    while (i + n < lines.length && line(i + n).from === line(i + n - 1).to && (b.c.tokens[line(i + n).from] as Token).breaks === 1) n++;
    const from = line(i).from;
    const to = line(i + n - 1).to;
    if (to - from >= minVariant) {
      grams ??= new Set(parts.flatMap((a) => Array.from({ length: Math.max(0, a.d.ids.length - gramLen + 1) }, (_, k) => gram(a.d.ids, k))));
    }
    if (grams && to - from >= minVariant && varies(b, parts, grams, from, to)) {
      const last = parts[parts.length - 1] as Alignment;
      b.v.changes.push({
        op: "insert", class: "addition", published: "", copy: sliceOf(b.c, from, to),
        at: (b.c.tokens[from] as Token).start, published_at: last.d.stored.raw.length,
      });
      b.changed += to - from;
      b.total += to - from;
    } else kept.push(...lines.slice(i, i + n));
    i += n;
  }
  return kept;
}

// varies reports whether half of the passage's grams are the text's, and the passage
// is no part of it.
function varies(b: Builder, parts: Alignment[], grams: Set<string>, from: number, to: number): boolean {
  const ids = b.c.ids.subarray(from, to);
  let shared = 0;
  for (let i = 0; i + gramLen <= ids.length; i++) if (grams.has(gram(ids, i))) shared++;
  return 2 * shared >= ids.length - gramLen + 1 && !parts.some((a) => find(a.d.ids, ids) >= 0);
}

// headline sets the verdict, the worse of text and list, and the similarity.
export function headline(b: Builder, list: ListResult): void {
  const v = b.v;
  if (v.signatories.status !== "absent") {
    b.total += list.listTokens;
    b.changed += list.wrongTokens;
  }
  if (v.changes.length > 0 || v.signatories.status === "altered") v.verdict = "altered";
  else if (v.signatories.status === "undetermined") {
    v.verdict = "unchecked";
    v.reason = {
      code: "withheld-names", hint: hints["withheld-names"] as string,
      detail: "the text matches; the names that are listed as added cannot be checked, because the published list withholds names",
    };
  } else if (b.excerpt) v.verdict = "excerpt";
  v.similarity = b.changed >= b.total ? 0 : Math.floor((1000 * (b.total - b.changed)) / b.total) / 1000;
}

