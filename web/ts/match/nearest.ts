// Finds the missing name that a piece of the copy resembles. Mirrors
// internal/match/nearest.go.
import type { Token } from "../text/text.ts";
import type { Name, NameList } from "./list.ts";
import { joined, keys, lower, overlap } from "./word.ts";

const sameSetShare = 0.6; // Jaccard from which an item is a changed name
const maxShort = 500;
const maxTries = 500_000;

export interface Nearest {
  l: NameList;
  taken: Set<number>;
  byKey: Map<string, number[]>;
  short: number[]; // names of one or two words, compared letter by letter
  tries: number; // comparisons left; a hostile copy has many items
}

export function newNearest(l: NameList, found: Set<number>): Nearest {
  const n: Nearest = { l, taken: new Set(), byKey: new Map(), short: [], tries: maxTries };
  l.names.forEach((name, i) => {
    if (!name.tokens || found.has(i)) {
      n.taken.add(i);
      return;
    }
    for (const k of name.keys) {
      if (k === "") continue;
      const there = n.byKey.get(k);
      if (there) there.push(i);
      else n.byKey.set(k, [i]);
    }
    if (name.ids.length <= 3 && n.short.length < maxShort) n.short.push(i);
  });
  return n;
}

// nearest returns the missing name that tokens of the copy resemble most, and how much;
// 0 when none does.
export function nearest(n: Nearest, tokens: Token[]): { best: number; score: number } {
  let best = 0;
  let score = 0;
  if (n.byKey.size === 0 || tokens.length > 100) return { best, score };
  const words = keys(tokens);
  const tried = new Set<number>();
  const attempt = (i: number) => {
    if (tried.has(i) || n.taken.has(i) || n.tries === 0) return;
    tried.add(i);
    n.tries--;
    const name = n.l.names[i] as Name;
    const s = overlap(name.keys, words);
    if (s < sameSetShare && (name.ids.length > 8 || tokens.length > 12 || !fewEdits(joined(name.tokens as Token[]), joined(tokens)))) return;
    if (Math.max(s, sameSetShare) > score) [best, score] = [i, Math.max(s, sameSetShare)];
  };
  for (const w of words) {
    const names = n.byKey.get(w);
    if (names && names.length <= maxShort) names.forEach(attempt);
  }
  n.short.forEach(attempt);
  return { best, score };
}

// fewEdits reports whether a and b are at most two letters apart, or a sixth of their
// length, ignoring case; names under five letters must be equal.
function fewEdits(a: string, b: string): boolean {
  const x = [...lower(a)];
  const y = [...lower(b)];
  const limit = x.length < 5 ? 0 : Math.max(2, Math.floor(x.length / 6));
  return distance(x, y, limit) <= limit;
}

// distance is the Levenshtein distance, or limit+1 when it is larger.
function distance(a: string[], b: string[], limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    let diag = row[0] as number;
    let least = (row[0] = i + 1);
    for (let j = 0; j < b.length; j++) {
      const d = Math.min((row[j] as number) + 1, (row[j + 1] as number) + 1, diag + (a[i] === b[j] ? 0 : 1));
      diag = row[j + 1] as number;
      row[j + 1] = d;
      least = Math.min(least, d);
    }
    if (least > limit) return limit + 1;
  }
  return Math.min(row[b.length] as number, limit + 1);
}
