// Aligns two sequences of token ids. Mirrors internal/match/diff.go: anchors that are
// unique on both sides cut a region, Myers' algorithm aligns what lies between.

// A run says that n tokens from p on in the published text are those from c on in the
// copy.
export interface Run {
  p: number;
  c: number;
  n: number;
}

export type IDs = Uint32Array;

export const gramLen = 4;
const maxEdits = 400;
const maxSteps = 40_000_000;
const maxDepth = 8;

// gram is a key for n ids from i on.
export function gram(ids: IDs, i: number, n: number = gramLen): string {
  let s = "";
  for (let k = i; k < i + n; k++) s += String.fromCharCode((ids[k] as number) >>> 16, (ids[k] as number) & 0xffff);
  return s;
}

export function equal(a: IDs, b: IDs): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

// find returns where part occurs in whole for the first time, or -1.
export function find(whole: IDs, part: IDs): number {
  for (let i = 0; i + part.length <= whole.length; i++) {
    let k = 0;
    while (k < part.length && whole[i + k] === part[k]) k++;
    if (k === part.length && k > 0) return i;
  }
  return -1;
}

interface Differ {
  p: IDs;
  c: IDs;
  runs: Run[];
  steps: number;
}

// matchRuns returns the longest runs it finds, in order, not touching each other on
// both sides.
export function matchRuns(p: IDs, c: IDs): Run[] {
  const d = { p, c, runs: [], steps: maxSteps };
  region(d, 0, p.length, 0, c.length, 0);
  return d.runs;
}

function add(d: Differ, p: number, c: number, n: number): void {
  if (n === 0) return;
  const last = d.runs[d.runs.length - 1];
  if (last && last.p + last.n === p && last.c + last.n === c) last.n += n;
  else d.runs.push({ p, c, n });
}

function region(d: Differ, p0: number, p1: number, c0: number, c1: number, depth: number): void {
  let n = 0;
  while (p0 + n < p1 && c0 + n < c1 && d.p[p0 + n] === d.c[c0 + n]) n++;
  add(d, p0, c0, n);
  p0 += n;
  c0 += n;
  n = 0;
  while (p1 - n > p0 && c1 - n > c0 && d.p[p1 - n - 1] === d.c[c1 - n - 1]) n++;
  p1 -= n;
  c1 -= n;
  if (p0 < p1 && c0 < c1) middle(d, p0, p1, c0, c1, depth);
  add(d, p1, c1, n);
}

function middle(d: Differ, p0: number, p1: number, c0: number, c1: number, depth: number): void {
  if (p1 - p0 + c1 - c0 > 200 && depth < maxDepth) {
    const a = anchors(d, p0, p1, c0, c1, gramLen);
    if (a.length > 0) return cut(d, a, p0, p1, c0, c1, depth);
  }
  if (myers(d, p0, p1, c0, c1) || depth >= maxDepth) return;
  const a = anchors(d, p0, p1, c0, c1, 1);
  if (a.length > 0) cut(d, a, p0, p1, c0, c1, depth);
}

function cut(d: Differ, list: Run[], p0: number, p1: number, c0: number, c1: number, depth: number): void {
  for (const a of list) {
    if (a.p < p0 || a.c < c0) continue; // overlaps the anchor before
    region(d, p0, a.p, c0, a.c, depth + 1);
    add(d, a.p, a.c, a.n);
    p0 = a.p + a.n;
    c0 = a.c + a.n;
  }
  region(d, p0, p1, c0, c1, depth + 1);
}

// anchors returns the longest increasing chain of runs of n tokens that occur once in
// each side of the region.
function anchors(d: Differ, p0: number, p1: number, c0: number, c1: number, n: number): Run[] {
  const table = new Map<string, { p: number; c: number; np: number; nc: number }>();
  for (let i = p0; i + n <= p1; i++) {
    const h = gram(d.p, i, n);
    const s = table.get(h);
    if (s) s.np++;
    else table.set(h, { p: i, c: 0, np: 1, nc: 0 });
  }
  for (let i = c0; i + n <= c1; i++) {
    const s = table.get(gram(d.c, i, n));
    if (s) {
      s.c = i;
      s.nc++;
    }
  }
  const pairs: Run[] = [];
  for (const s of table.values()) if (s.np === 1 && s.nc === 1) pairs.push({ p: s.p, c: s.c, n });
  return increasing(pairs);
}

// increasing returns the longest subsequence of pairs, which are sorted by p, in which
// c increases.
function increasing(pairs: Run[]): Run[] {
  const tails: number[] = [];
  const before: number[] = [];
  pairs.forEach((x, i) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const k = (low + high) >> 1;
      if ((pairs[tails[k] as number] as Run).c >= x.c) high = k;
      else low = k + 1;
    }
    before[i] = low > 0 ? (tails[low - 1] as number) : -1;
    tails[low] = i;
  });
  const chain: Run[] = [];
  for (let i = tails[tails.length - 1] ?? -1; i >= 0; i = before[i] as number) chain.push(pairs[i] as Run);
  return chain.reverse();
}

// myers adds the runs of a shortest edit script of the region, or nothing and false
// when it takes more than maxEdits. E. Myers, An O(ND) difference algorithm, 1986.
function myers(d: Differ, p0: number, p1: number, c0: number, c1: number): boolean {
  const n = p1 - p0;
  const m = c1 - c0;
  const limit = Math.min(n + m, maxEdits);
  const v = new Int32Array(2 * limit + 3);
  const off = limit + 1;
  const trace: Int32Array[] = [];
  for (let e = 0; e <= limit; e++) {
    if ((d.steps -= e + 1) < 0) return false;
    trace.push(v.slice(off - e, off + e + 1));
    for (let k = -e; k <= e; k += 2) {
      const down = v[off + k + 1] as number;
      const right = v[off + k - 1] as number;
      let x = k === -e || (k !== e && right < down) ? down : right + 1;
      while (x < n && x - k < m && x - k >= 0 && d.p[p0 + x] === d.c[c0 + x - k]) x++;
      v[off + k] = x;
      if (x >= n && x - k >= m) {
        walkBack(d, trace, p0, c0, n, m, e);
        return true;
      }
    }
  }
  return false;
}

// walkBack reads the script of e edits from the trace, whose entry e is the state
// before step e.
function walkBack(d: Differ, trace: Int32Array[], p0: number, c0: number, n: number, m: number, e: number): void {
  const found: Run[] = [];
  let x = n;
  let y = m;
  for (; e > 0; e--) {
    const state = trace[e] as Int32Array;
    const at = (k: number) => state[k + e] as number;
    const k = x - y;
    const prev = k === -e || (k !== e && k - 1 >= -e && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const px = at(prev);
    const start = prev < k ? px + 1 : px; // where the diagonal of this step begins
    if (x > start) found.push({ p: p0 + start, c: c0 + start - k, n: x - start });
    x = px;
    y = px - prev;
  }
  if (x > 0) found.push({ p: p0, c: c0, n: x });
  for (const r of found.reverse()) add(d, r.p, r.c, r.n);
}
