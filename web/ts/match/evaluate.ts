// Versions held against the copy, and what the best one says of it. Mirrors
// evaluate.go and candidate.go in internal/match.
import { align, changed, complete, omitted, type Alignment } from "./align.ts";
import { addPlace, addClaims, addSurrounding, addText, headline, variants, type Builder } from "./builder.ts";
import { emphasised, isEmphasis, type Copied } from "./copied.ts";
import { find, gram, gramLen } from "./diff.ts";
import { attachTail } from "./ends.ts";
import { compareList, type ListResult } from "./names.ts";
import { outsideOf } from "./list.ts";
import { number, type Doc, type Stored, type VersionEntry } from "./stored.ts";
import { newVerdict, type Verdict } from "./verdict.ts";

const maxCandidates = 20; // published texts that are aligned with a copy
const minVotes = 16; // the share (one in so many) of the best text's grams that another one needs
const maxAligned = 1_500_000; // tokens that are aligned for one copy

export interface Candidate {
  version: VersionEntry;
  parts: Alignment[]; // one for each language found, in the copy's order
  langs: string[];
  list: ListResult;
  foreign: number; // tokens of the copy that the text does not explain, and changed ones
  omitted: number;
}

// candidates returns the published texts that share most grams with the copy, the best
// first. It also fills the copy's ids.
export function candidates(c: Copied, texts: Stored[]): Doc[] {
  const words = new Map<string, number>();
  c.ids = number(words, c.tokens);
  const grams = new Map<string, number>();
  for (let i = 0; i + gramLen <= c.ids.length; i++) {
    const g = gram(c.ids, i);
    grams.set(g, (grams.get(g) ?? 0) + 1);
  }
  const found: { d: Doc; votes: number }[] = [];
  for (const s of texts) {
    const ids = number(words, s.tokens);
    const seen = new Set<string>();
    let votes = 0;
    for (let i = 0; i + gramLen <= ids.length; i++) {
      const g = gram(ids, i);
      if (seen.has(g)) continue;
      seen.add(g);
      votes += grams.get(g) ?? 0;
    }
    if (votes > 0) found.push({ d: { stored: s, tokens: s.tokens, bullets: s.bullets, ids }, votes });
  }
  found.sort((a, b) => b.votes - a.votes || compareStored(a.d.stored, b.d.stored));
  let n = Math.min(found.length, maxCandidates);
  const votes = (i: number) => (found[i] as { votes: number }).votes;
  while (n > 1 && votes(n - 1) * minVotes < votes(0)) n--;
  return found.slice(0, n).map((x) => x.d);
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

// compareStored is one order of all texts.
export function compareStored(a: Stored, b: Stored): number {
  const u = a.refs[0] as Stored["refs"][0];
  const v = b.refs[0] as Stored["refs"][0];
  return compareText(u.version.slug, v.version.slug) || v.version.number - u.version.number || compareText(u.lang, v.lang);
}

// compareVersions orders versions that match equally: the latest that is not retracted
// comes first.
export const compareVersions = (a: VersionEntry, b: VersionEntry) =>
  Number(a.retracted) - Number(b.retracted) || compareText(a.slug, b.slug) || b.number - a.number;

// evaluate aligns the copy with the texts and compares lists, and returns the versions
// that remain, the best first.
export function evaluate(c: Copied, docs: Doc[]): Candidate[] {
  const order: Candidate[] = [];
  let whole = false; // a text was found in the copy word for word
  let work = maxAligned;
  for (const d of docs) {
    work -= d.ids.length + c.ids.length;
    if (work < 0 && order.length > 0) break;
    if (whole && find(c.ids, d.ids) < 0 && !sibling(d, order)) continue;
    const a = align(d, c);
    if (!a) continue;
    whole ||= complete(a) && a.hunks.length === 0;
    for (const r of d.stored.refs) {
      let k = order.find((x) => x.version === r.version);
      if (!k) order.push((k = { version: r.version, parts: [], langs: [], list: undefined as unknown as ListResult, foreign: 0, omitted: 0 }));
      take(k, a, r.lang);
    }
  }
  for (const k of order) {
    k.foreign = c.ids.length;
    for (const a of k.parts) {
      k.foreign += changed(a) - (a.c1 - a.c0);
      k.omitted += omitted(a);
    }
    k.list = compareList(k.version.list, c, outsideOf(k.parts, c.ids.length));
  }
  return order.sort((a, b) => equally(a, b) || a.list.passes - b.list.passes || compareVersions(a.version, b.version));
}

// sibling reports whether d is another language of a version that is already a
// candidate.
const sibling = (d: Doc, found: Candidate[]) =>
  d.stored.refs.some((r) => found.some((k) => k.version === r.version && !k.langs.includes(r.lang)));

// take adds a language, unless a better one claims the same part of the copy.
function take(k: Candidate, a: Alignment, lang: string): void {
  const i = k.parts.findIndex((b) => a.c0 < b.c1 && b.c0 < a.c1);
  if (i >= 0) {
    if (a.matched <= (k.parts[i] as Alignment).matched) return;
    k.parts.splice(i, 1);
    k.langs.splice(i, 1);
    take(k, a, lang);
    return;
  }
  let at = k.parts.findIndex((b) => b.c0 >= a.c0);
  if (at < 0) at = k.parts.length;
  k.parts.splice(at, 0, a);
  k.langs.splice(at, 0, lang);
}

// equally is 0 when two versions match equally.
export const equally = (a: Candidate, b: Candidate) =>
  a.foreign - b.foreign || a.omitted - b.omitted || a.list.attached.size - b.list.attached.size || a.list.wrong - b.list.wrong ||
  a.list.placeChanged.length - b.list.placeChanged.length;

// nameVersion makes v speak of a version.
export function nameVersion(v: Verdict, w: VersionEntry): void {
  v.publication = w.slug;
  v.genesis = w.genesis;
  v.version = w.number;
  v.latest_version = w.latest();
  v.retracted = w.retracted;
  v.signatories.withheld = w.list.withheld;
  v.signatories.known.listed = w.list.listed;
}

// verdictOf writes what the candidate says of the copy.
export function verdictOf(k: Candidate, c: Copied): Verdict {
  const v = newVerdict("authentic");
  nameVersion(v, k.version);
  v.languages = [...k.langs];
  v.signatories = k.list.sig;
  const b: Builder = { v, c, tolerances: new Set(), changed: 0, total: 0, excerpt: false };
  if (c.quoted) b.tolerances.add("mail-quote");
  for (const a of k.parts) {
    const tail = attachTail(a, c, Math.max(a.c1, k.list.attached.get(a.c1) ?? 0));
    addText(b, a, [...a.hunks, ...tail], k.parts.length > 1 || v.signatories.status !== "absent");
  }
  for (const name of k.list.tolerances) b.tolerances.add(name);
  v.warnings.push(...k.list.warnings);
  for (const l of k.list.placeChanged) addPlace(b, k.version.list, l);
  k.list.surroundings = variants(b, k.parts, k.list.surroundings);
  if (emphasised(c, k.list.surroundings)) b.tolerances.add("emphasis");
  for (const l of k.list.surroundings) addSurrounding(b, l);
  addClaims(b, k.list.surroundings, k.parts[0]?.c1 ?? 0);
  v.changes.sort((x, y) => x.at - y.at);
  v.tolerances.push(...[...b.tolerances].sort());
  headline(b, k.list);
  return v;
}

// usesSigns reports whether a published text among docs, or a list that goes with it,
// has an emphasis sign of its own.
export const usesSigns = (docs: Doc[]) =>
  docs.some(
    (d) => d.tokens.some(isEmphasis) ||
      d.stored.refs.some((r) => [...r.version.list.names, ...r.version.list.places].some((n) => n.tokens?.some(isEmphasis))),
  );
