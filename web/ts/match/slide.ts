// Where an alignment leaves a choice. Mirrors internal/match/slide.go.
import type { Token } from "../text/text.ts";
import { hunk, size, type Alignment, type Hunk } from "./align.ts";
import type { Copied } from "./copied.ts";
import { equal, gramLen, type IDs } from "./diff.ts";
import type { Doc } from "./stored.ts";
import { endsSentence, starts } from "./word.ts";

// slide moves pure insertions and deletions to the start of a line or of a sentence.
export function slide(a: Alignment, c: Copied): void {
  a.hunks.forEach((h, i) => {
    const last = a.hunks[i - 1];
    const next = a.hunks[i + 1];
    const [lowP, lowC] = last ? [last.p1, last.c1] : [a.omitHead, a.c0];
    const [highP, highC] = next ? [next.p0, next.c0] : [a.omitTail, a.c1];
    const down = Math.min(h.c0 - lowC, h.p0 - lowP);
    const up = Math.min(highC - h.c1, highP - h.p1);
    let k = 0;
    if (h.p0 === h.p1) k = bestShift(c.ids, c.tokens, h.c0, h.c1, down, up);
    else if (h.c0 === h.c1) k = bestShift(a.d.ids, a.d.tokens, h.p0, h.p1, down, up);
    if (h.p0 === h.p1 || h.c0 === h.c1) a.hunks[i] = hunk(h.p0 + k, h.p1 + k, h.c0 + k, h.c1 + k);
  });
}

// bestShift returns by how much to shift ids[from:to] without changing what the rest
// reads, at most down to the left and up to the right.
function bestShift(ids: IDs, tokens: Token[], from: number, to: number, down: number, up: number): number {
  const quality = (i: number) =>
    i === 0 || i === tokens.length || starts(tokens, i) ? 2 : endsSentence((tokens[i - 1] as Token).text) ? 1 : 0;
  let best = 0;
  let most = quality(from);
  const see = (k: number) => {
    const q = quality(from + k);
    if (q > most) [best, most] = [k, q];
  };
  for (let k = 1; k <= down && ids[from - k] === ids[to - k]; k++) see(-k);
  for (let k = 1; k <= up && ids[from + k - 1] === ids[to + k - 1]; k++) see(k);
  return best;
}

// swaps joins an insertion and a deletion of the same words: near each other they are
// one change of order, far apart and long a move.
export function swaps(d: Doc, c: Copied, hunks: Hunk[]): Hunk[] {
  for (let i = 0; i < hunks.length; i++) {
    for (let j = i + 1; j < hunks.length; j++) {
      const x = hunks[i] as Hunk;
      const y = hunks[j] as Hunk;
      if (!sameWords(d, c, x, y) && !sameWords(d, c, y, x)) continue;
      if (j === i + 1 && y.p0 - x.p1 <= 8 && size(x) <= 8) {
        hunks[i] = hunk(x.p0, y.p1, x.c0, y.c1);
        hunks.splice(j, 1);
        return swaps(d, c, hunks);
      }
      if (size(x) >= gramLen && !x.move && !y.move) x.move = y.move = true;
    }
    if (hunks.length > 200) break; // the pairs would be too many
  }
  return hunks;
}

// sameWords reports whether gone is a pure deletion and put a pure insertion of the
// same tokens.
export function sameWords(d: Doc, c: Copied, gone: Hunk, put: Hunk): boolean {
  return (
    gone.c0 === gone.c1 && put.p0 === put.p1 && gone.p0 < gone.p1 &&
    equal(d.ids.subarray(gone.p0, gone.p1), c.ids.subarray(put.c0, put.c1))
  );
}
