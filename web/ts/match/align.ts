// Holds a copy against one published text. Mirrors internal/match/align.go.
import type { Token } from "../text/text.ts";
import type { Copied } from "./copied.ts";
import { find, gramLen, matchRuns, type IDs, type Run } from "./diff.ts";
import { growHead, growTail, movedEnds } from "./ends.ts";
import type { Doc } from "./stored.ts";
import { slide, swaps } from "./slide.ts";
import { addStray, settleBullets, tolerate } from "./tolerance.ts";
import type { Warning } from "./verdict.ts";
import { countWords, lineEnd, lineStart, starts } from "./word.ts";

// A Hunk is one place where the aligned sequences differ: published tokens [p0,p1)
// stand where the copy has [c0,c1).
export interface Hunk {
  p0: number;
  p1: number;
  c0: number;
  c1: number;
  move: boolean; // the other half of a moved passage is elsewhere
  bullets: number; // of the copy, before c0, where the published text begins no item
}

export const hunk = (p0: number, p1: number, c0: number, c1: number): Hunk => ({ p0, p1, c0, c1, move: false, bullets: 0 });
export const size = (h: Hunk) => Math.max(h.p1 - h.p0, h.c1 - h.c0, h.bullets);

export interface Alignment {
  d: Doc;
  omitHead: number; // the published tokens before it are not in the copy
  omitTail: number; // nor those from here on
  c0: number; // the copy's tokens [c0,c1) are the text
  c1: number;
  matched: number;
  hunks: Hunk[];
  tolerances: Set<string>;
  warnings: Warning[];
  opening: number; // [opening,textStart) are quotation marks on the text's first line
  textStart: number;
  wrappedAt: Map<number, number>;
}

export const changed = (a: Alignment) => a.hunks.reduce((n, h) => n + size(h), 0);
export const omitted = (a: Alignment) => a.omitHead + a.d.ids.length - a.omitTail;
export const complete = (a: Alignment) => omitted(a) === 0;

// align compares the copy with d; undefined when too little of one is in the other.
export function align(d: Doc, c: Copied): Alignment | undefined {
  let runs: Run[];
  let at: number;
  if ((at = find(c.ids, d.ids)) >= 0) runs = [{ p: 0, c: at, n: d.ids.length }];
  else if ((at = find(d.ids, c.ids)) >= 0) runs = [{ p: at, c: 0, n: c.ids.length }];
  else {
    runs = extend(core(mergeSmall(matchRuns(d.ids, c.ids)), d.tokens), d.ids, c.ids);
    runs = trimLines(runs, d.tokens, c.tokens);
  }
  const first = runs[0];
  const last = runs[runs.length - 1];
  if (!first || !last) return undefined;
  const a: Alignment = {
    d, omitHead: first.p, omitTail: last.p + last.n, c0: first.c, c1: last.c + last.n, matched: 0,
    hunks: [], tolerances: new Set(), warnings: [], opening: 0, textStart: 0, wrappedAt: new Map(),
  };
  runs.forEach((r, i) => {
    a.matched += r.n;
    const q = runs[i - 1];
    if (q) a.hunks.push(hunk(q.p + q.n, r.p, q.c + q.n, r.c));
  });
  if (!derived(a, c)) return undefined;
  const { omitHead: p0, c0 } = a;
  slide(a, c);
  growHead(a, c);
  growTail(a, c);
  movedEnds(a, c);
  a.hunks = swaps(d, c, a.hunks);
  const stray = settleBullets(a, c, p0, c0);
  tolerate(a, c);
  addStray(a, stray);
  return a;
}

const minQuoted = 24;

// derived reports whether enough is aligned: half of the shorter side, or a passage
// that is mostly the text's.
function derived(a: Alignment, c: Copied): boolean {
  if (a.matched < gramLen) return false;
  if (2 * a.matched >= Math.min(a.d.ids.length, c.ids.length)) return true;
  const from = lineStart(c.tokens, a.c0);
  const to = lineEnd(c.tokens, a.c1);
  if (2 * a.matched < Math.max(to - from, a.omitTail - a.omitHead)) return false;
  return a.matched >= minQuoted || (a.hunks.length === 0 && from === a.c0 && to === a.c1);
}

// mergeSmall drops runs of a few tokens between larger differences.
function mergeSmall(runs: Run[]): Run[] {
  for (let again = true, pass = 0; again && pass < 10; pass++) {
    again = false;
    const kept: Run[] = [];
    runs.forEach((r, i) => {
      const q = kept[kept.length - 1];
      const s = runs[i + 1];
      if (i > 0 && s && q && r.n <= 3) {
        const left = Math.max(r.p - q.p - q.n, r.c - q.c - q.n);
        const right = Math.max(s.p - r.p - r.n, s.c - r.c - r.n);
        if (r.n < Math.min(left, right)) {
          again = true;
          return;
        }
      }
      kept.push(r);
    });
    runs = kept;
  }
  return runs;
}

const gapCost = 4; // tokens of a gap that outweigh one that is aligned

// core returns the runs that are the text: the densest stretch, and beyond it every
// long run and every one that is a whole published line.
function core(runs: Run[], pub: Token[]): Run[] {
  let [best, from, to, sum, start] = [0, 0, 0, 0, 0];
  runs.forEach((r, i) => {
    const q = runs[i - 1];
    if (q) sum -= Math.max(r.p - q.p - q.n, r.c - q.c - q.n);
    if (sum <= 0) [sum, start] = [0, i];
    sum += gapCost * r.n;
    if (sum > best) [best, from, to] = [sum, start, i + 1];
  });
  runs.forEach((r, i) => {
    if (r.n >= 2 * gramLen || (r.n > 1 && starts(pub, r.p) && lineEnd(pub, r.p + 1) <= r.p + r.n)) {
      from = Math.min(from, i);
      to = Math.max(to, i + 1);
    }
  });
  return runs.slice(from, to);
}

// extend lets the first and last run go on into what core freed.
function extend(runs: Run[], p: IDs, c: IDs): Run[] {
  const head = runs[0];
  const tail = runs[runs.length - 1];
  if (!head || !tail) return [];
  while (head.p > 0 && head.c > 0 && p[head.p - 1] === c[head.c - 1]) {
    head.p--;
    head.c--;
    head.n++;
  }
  while (tail.p + tail.n < p.length && tail.c + tail.n < c.length && p[tail.p + tail.n] === c[tail.c + tail.n]) tail.n++;
  return runs;
}

// trimLines takes a few chance tokens off the ends that belong to another line of the
// copy.
function trimLines(runs: Run[], pub: Token[], cp: Token[]): Run[] {
  const head = runs[0];
  const tail = runs[runs.length - 1];
  if (!head || !tail) return [];
  if (head.p > 0 && !(starts(pub, head.p) && starts(cp, head.c))) {
    for (let k = 1; k <= 3 && k < head.n; k++) {
      if (starts(cp, head.c + k) && (starts(pub, head.p + k) || countWords(cp.slice(head.c, head.c + k)) === 0)) {
        head.p += k;
        head.c += k;
        head.n -= k;
        break;
      }
    }
  }
  const end = tail.p + tail.n;
  const stop = tail.c + tail.n;
  if (end === pub.length || stop === cp.length || (starts(pub, end) && starts(cp, stop))) return runs;
  for (let k = 1; k <= 3 && k < tail.n; k++) {
    if (starts(pub, end - k) && starts(cp, stop - k)) {
      tail.n -= k;
      break;
    }
  }
  return runs;
}
