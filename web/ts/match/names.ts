// Compares the list of a copy with a version's. Mirrors internal/match/names.go.
import type { Token } from "../text/text.ts";
import { sliceOf, type Copied } from "./copied.ts";
import { skipMarkers } from "./ends.ts";
import { findItems, type Item } from "./items.ts";
import { scanList, type Hit, type Line, type ListScan, type Name, type NameList, type Span } from "./list.ts";
import { equivalent } from "./tolerance.ts";
import { newSignatories, type Signatories, type Warning } from "./verdict.ts";
import { bytes, keys, numbers, overlap, tokenText } from "./word.ts";

export interface ListResult {
  sig: Signatories;
  wrong: number; // items that are added, missing or changed
  wrongTokens: number;
  listTokens: number;
  passes: number;
  attached: Map<number, number>;
  surroundings: Line[];
  places: Hit[];
  seen: { from: number; to: number }[]; // what of the copy stands in the list
  placeChanged: Line[];
  tolerances: string[];
  warnings: Warning[];
}

// compareList reads what is outside the text against a version's list.
export function compareList(l: NameList, c: Copied, outside: Span[]): ListResult {
  const s = scanList(l, c, outside);
  const r: ListResult = {
    sig: newSignatories(), wrong: 0, wrongTokens: 0, listTokens: 0, passes: s.passes, attached: s.attached,
    surroundings: [], places: s.hits.filter((h) => h.place), seen: [], placeChanged: [], tolerances: [], warnings: [],
  };
  r.sig.withheld = l.withheld;
  r.sig.known.listed = l.listed;
  let hits = s.hits.filter((h) => !h.place);
  let found = new Set(hits.map((h) => h.index));
  if (onlyHeading(l, hits, outside, found)) {
    for (const h of hits) s.lines.push({ from: h.from, to: h.to, span: h.span });
    hits = [];
    found = new Set();
  }
  const items = findItems(s, hits, found, outside, r.places);
  for (const x of [...hits, ...r.places, ...items]) r.seen.push({ from: x.from, to: x.to });
  settle(r, l, c, items, found, hits.length > 0);
  leftovers(r, s, items, hits);
  return r;
}

// onlyHeading reports whether the names that were found are but a line above the text,
// such as the name of the site that published the copy.
function onlyHeading(l: NameList, hits: Hit[], outside: Span[], found: Set<number>): boolean {
  if (hits.some((h) => (outside[h.span] as Span).after)) return false;
  return (found.size < 2 && l.listed > 2) || 3 * found.size < l.listed;
}

// same reports whether the copy's tokens [from,to) are those of a name under a
// tolerance, which it notes.
function same(r: ListResult, n: Name, c: Copied, from: number, to: number): boolean {
  const pub = n.tokens as Token[];
  const cp = c.tokens.slice(from, to);
  const e = equivalent(pub, cp);
  if (!e) return false;
  r.tolerances.push(e.name);
  if (e.warning) r.warnings.push({ code: e.name, at: (cp[0] as Token).start, detail: `${tokenText(pub)} → ${tokenText(cp)}` });
  return true;
}

// settle fills the signatories from the items and the names that were found.
function settle(r: ListResult, l: NameList, c: Copied, items: Item[], found: Set<number>, hits: boolean): void {
  if (!hits && items.length === 0) return;
  r.sig.status = "same";
  for (const it of items) {
    const from = skipMarkers(c.tokens, it.from, it.to - 1); // the name, not its number in the list
    const at = (c.tokens[from] as Token).start;
    r.listTokens += it.to - it.from;
    if (it.changed < 0) {
      r.sig.added.push({ name: sliceOf(c, from, it.to), at });
      r.wrongTokens += it.to - it.from;
      continue;
    }
    const n = l.names[it.changed] as Name;
    found.add(it.changed);
    if (same(r, n, c, from, it.to)) continue;
    r.sig.changed.push({ published: n.text, copy: sliceOf(c, from, it.to), at, position: it.changed });
    r.wrongTokens += Math.max(it.to - it.from, n.ids.length);
  }
  l.names.forEach((n, i) => {
    if (n.tokens && !found.has(i)) {
      r.sig.missing.push({ name: n.text, position: i });
      r.wrongTokens += n.ids.length;
    }
    r.listTokens += n.ids.length;
  });
  const added = r.sig.added.length;
  const others = r.sig.missing.length + r.sig.changed.length;
  r.wrong = added + others;
  if (r.wrong > 0) r.sig.status = others === 0 && added <= l.withheld ? "undetermined" : "altered";
}

// leftovers sorts the lines that are no item into surroundings and changed
// place-and-date lines.
function leftovers(r: ListResult, s: ListScan, items: Item[], hits: Hit[]): void {
  const taken = new Set<number>(); // tokens
  for (const it of items) for (let i = it.from; i < it.to; i++) taken.add(i);
  const first = hits[0]?.from ?? s.c.ids.length;
  for (const l of s.lines) {
    if (taken.has(l.from)) continue;
    if (r.places.length === 0 && s.l.places.some((p) => same(r, p, s.c, l.from, l.to))) continue;
    if (r.places.length === 0 && changedPlace(s, l, l.from < first && hits.length > 0)) r.placeChanged.push(l);
    else r.surroundings.push(l);
  }
}

// changedPlace reports whether a line is the place-and-date line with changes: it
// resembles it, or it stands between text and list and carries a year.
function changedPlace(s: ListScan, l: Line, beforeList: boolean): boolean {
  const tokens = s.c.tokens.slice(l.from, l.to);
  const words = keys(tokens);
  if (s.l.places.some((p) => overlap(p.keys, words) >= 0.5)) return true;
  if (s.l.places.length === 0 || !beforeList || tokens.length > 14) return false;
  return tokens.some((t) => bytes(t.text) === 4 && /^(19|20)/.test(t.text) && numbers([t]) !== "");
}
