// Merkle proofs of RFC 6962 and RFC 9162 with SHA-256.
import { concat, same, sha256, type Bytes } from "./bytes.ts";

export const leafHash = (entry: Uint8Array) => sha256(concat(Uint8Array.of(0), entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(concat(Uint8Array.of(1), left, right));

// rootOf is the root of a tree of size leaves in which leaf stands at index, as an inclusion
// proof has it (RFC 9162, 2.1.3.1); it throws where size or index cannot be the proof's.
export async function rootOf(proof: Bytes[], size: number, index: number, leaf: Bytes): Promise<Bytes> {
  const other = proof.at(-1);
  if (size < 2 ? other || index !== 0 : !other) throw 0;
  if (!other) return leaf;
  let left = 1;
  while (left * 2 < size) left *= 2;
  const rest = proof.slice(0, -1);
  return index < left ? nodeHash(await rootOf(rest, left, index, leaf), other) : nodeHash(other, await rootOf(rest, size - left, index - left, leaf));
}

// checkConsistency verifies that a tree extends a smaller, not empty one (RFC 9162,
// 2.1.4.2).
export async function checkConsistency(proof: Bytes[], first: number, firstRoot: Bytes, second: number, secondRoot: Bytes): Promise<boolean> {
  const power = Number.isInteger(Math.log2(first));
  const path = power ? [firstRoot, ...proof] : proof;
  if (path.length === 0) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let fr = path[0] as Bytes;
  let sr = fr;
  for (const c of path.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = await nodeHash(sr, c);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && same(fr, firstRoot) && same(sr, secondRoot);
}

const half = (n: number) => Math.floor(n / 2);
