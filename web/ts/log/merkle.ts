// Merkle proofs of RFC 6962 and RFC 9162 with SHA-256.
import { concat, same, sha256, type Bytes } from "./bytes.ts";

export const leafHash = (entry: Uint8Array) => sha256(concat(Uint8Array.of(0), entry));
export const nodeHash = (left: Uint8Array, right: Uint8Array) => sha256(concat(Uint8Array.of(1), left, right));

// checkInclusion verifies that a leaf stands at index in a tree (RFC 9162, 2.1.3.2).
export async function checkInclusion(proof: Bytes[], size: number, root: Bytes, index: number, leaf: Bytes): Promise<boolean> {
  if (index < 0 || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      r = await nodeHash(p, r);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else r = await nodeHash(r, p);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && same(r, root);
}

const half = (n: number) => Math.floor(n / 2);

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
