// Fingerprints of passages, by which a copy is looked up without being sent. Mirrors
// internal/match/shingle; docs/formats/lookup.md is the description.
import { Hidden, parse, type Token } from "../text/text.ts";
import { isWord, lower } from "./word.ts";

const words = 4;
const window = 12;
const most = 4096;

const mask = (1n << 64n) - 1n;

function fnv1a(s: string): bigint {
  let h = 14695981039346656037n;
  for (const b of new TextEncoder().encode(s)) h = ((h ^ BigInt(b)) * 1099511628211n) & mask;
  return h;
}

// mix is fmix64 of MurmurHash3.
function mix(h: bigint): bigint {
  h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & mask;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & mask;
  return h ^ (h >> 33n);
}

const folded = (t: Token) =>
  t.class === Hidden || !isWord(t) ? "" : lower(t.text.normalize("NFD").replace(/\p{Mn}/gu, "")).replace(/ς/g, "σ");

// fingerprints returns what a copy is looked up by, sorted, each once; the longest
// copies have the first of theirs. It throws InputError.
export function fingerprints(copied: Uint8Array): number[] {
  const hashed = parse(copied).tokens.map(folded).filter((w) => w !== "").map(fnv1a);
  const shingles: bigint[] = [];
  for (let i = 0; i + words <= hashed.length; i++) {
    let h = BigInt(words);
    for (let k = i; k < i + words; k++) h = mix(h ^ (hashed[k] as bigint));
    shingles.push(h);
  }
  const low = shingles.map((h) => Number(h & 0xffffffffn));
  const w = Math.min(window, shingles.length);
  const kept = new Set<number>();
  for (let end = w; w > 0 && end <= shingles.length; end++) {
    let least = end - w;
    for (let i = least + 1; i < end; i++) if ((low[i] as number) <= (low[least] as number)) least = i;
    kept.add(Number((shingles[least] as bigint) >> 32n));
  }
  return [...kept].sort((a, b) => a - b).slice(0, most);
}
