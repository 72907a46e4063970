// Consistency proofs from a log's tiles (C2SP tlog-tiles, docs/formats/tiles.md).
import { checkConsistency, nodeHash } from "./merkle.ts";
import type { Bytes } from "./bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";

// Fetch gives a document by path; undefined where the source answers and has none.
export type Fetch = (path: string) => Promise<Bytes | undefined>;

// tilePath is where a tile of a level stands, in the width that a tree of a size has.
export function tilePath(level: number, index: number, width: number): string {
  let name = String(index % 1000).padStart(3, "0");
  for (let n = Math.floor(index / 1000); n > 0; n = Math.floor(n / 1000)) name = `x${String(n % 1000).padStart(3, "0")}/${name}`;
  return `tile/${level}/${name}${width < 256 ? `.p/${width}` : ""}`;
}

// extendsTree reports whether the newer tree extends the older, by the tiles of the
// newer. Tiles that do not lead to its root make it throw: the source is at fault then.
export async function extendsTree(fetch: Fetch, older: Checkpoint, newer: Checkpoint): Promise<boolean> {
  const tiles = new Map<string, Bytes>();
  const size = newer.size;
  const hashes = async (level: number, index: number): Promise<Bytes> => {
    const width = Math.min(256, Math.floor(size / 256 ** level) - index * 256);
    const path = tilePath(level, index, width);
    let b = tiles.get(path);
    if (!b) {
      b = await fetch(path);
      if (!b || b.length !== 32 * width) throw new Error(`${path}: is missing, or not of its size`);
      tiles.set(path, b);
    }
    return b;
  };
  // complete is the root of the 2^level entries from index·2^level on.
  const complete = async (level: number, index: number): Promise<Bytes> => {
    const tile = Math.floor(level / 8);
    const n = 2 ** (level % 8);
    const from = index * n;
    const b = await hashes(tile, Math.floor(from / 256));
    let row = Array.from({ length: n }, (_, i) => b.slice(32 * ((from % 256) + i), 32 * ((from % 256) + i + 1)) as Bytes);
    while (row.length > 1) row = await Promise.all(row.filter((_, i) => i % 2 === 0).map((h, i) => nodeHash(h, row[2 * i + 1] as Bytes)));
    return row[0] as Bytes;
  };
  const root = async (lo: number, hi: number): Promise<Bytes> => {
    const n = hi - lo;
    const level = Math.log2(n);
    if (Number.isInteger(level)) return complete(level, lo / n);
    const k = 2 ** Math.floor(Math.log2(n));
    return nodeHash(await root(lo, lo + k), await root(lo + k, hi));
  };
  // SUBPROOF of RFC 6962, 2.1.2.
  const proof = async (m: number, lo: number, hi: number, whole: boolean): Promise<Bytes[]> => {
    const n = hi - lo;
    if (m === n) return whole ? [] : [await root(lo, hi)];
    const k = 2 ** Math.ceil(Math.log2(n) - 1);
    return m <= k
      ? [...(await proof(m, lo, lo + k, whole)), await root(lo + k, hi)]
      : [...(await proof(m - k, lo + k, hi, false)), await root(lo, lo + k)];
  };
  const path = await proof(older.size, 0, size, true);
  if (await checkConsistency(path, older.size, older.root, size, newer.root)) return true;
  // Whose fault is it? Tiles that lead to the newer root convict the log.
  const have = await root(0, older.size);
  if (await checkConsistency(path, older.size, have, size, newer.root)) return false;
  throw new Error("the tiles do not lead to the checkpoint's root");
}
