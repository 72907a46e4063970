// Reads what signatories said, and what the service saw of them: one record a line, in parts.
// Mirrors internal/evidence/endorsements.go and part.go.
import type { Chain } from "../chain/chain.ts";
import type { Logged } from "../endorsement/standing.ts";
import { verifyClaim, verifySighting } from "../endorsement/verify.ts";
import { encode } from "../jcs/jcs.ts";
import { members, parseCanonical, str } from "../jcs/shape.ts";
import type { Policy } from "../keys/policy.ts";
import { parseBundle, parsePublicKey, verifyLogged } from "../log/bundle.ts";
import { fromBase64, utf8, type Bytes } from "../log/bytes.ts";
import type { Checkpoint } from "../log/checkpoint.ts";
import type { Ed25519Verify } from "../log/note.ts";

const lineFeed = 0x0a;
const maxLine = 4 << 20;
const maxParts = 2000;
const maxBytes = 2 ** 30;
const tries = 3;
const ahead = 8; // parts asked for before it is known that they are there

// partRecords is how many records a full part has.
export const partRecords = 500;

// noOrder is what is said of a line that stands in the log before the one that it follows.
const noOrder = "stands in the log before the line that it follows";

// Parts are a document's, from 1. ask says that a part is about to be read; verified names it
// in whatever goes wrong with it.
export interface Parts {
  read(n: number): Promise<Bytes | undefined>;
  ask(n: number): void;
  verified<T>(n: number, f: () => Promise<T>): Promise<T>;
}

// readParts reads a document's parts; none where there is no document. Between two answers
// records come, and go: parts that do not fit together are read again.
export async function readParts(p: Parts, most: number): Promise<Bytes[]> {
  for (let t = 1; ; t++) {
    const parts = await readOnce(p, most, t < tries);
    if (parts) return parts;
  }
}

// readOnce returns nothing for parts that do not fit together, where they are to be read again.
async function readOnce(p: Parts, most: number, again: boolean): Promise<Bytes[] | undefined> {
  const parts: Bytes[] = [];
  let size = 0;
  for (let n = 1, asked = 1; ; n++) {
    const doc = await p.read(n);
    if (!doc && n === 1) return [];
    const torn = doc ? follows(parts, doc) : "is missing, and the part before it is full";
    if (torn && again) return undefined;
    size += doc?.length ?? 0;
    const full = await p.verified(n, async () => {
      if (n > maxParts || size > maxBytes) throw new Error("there are more records about this publication's list entries than are read. Let the publisher know: a roll of endorsers has room for more");
      if (torn) throw new Error(torn);
      const lines = count(doc as Bytes);
      if (lines > most) throw new Error(`has ${lines} lines, and a part has at most ${most}`);
      return lines === most;
    });
    parts.push(doc as Bytes);
    if (!full) return parts;
    // Nothing says how many parts there are: at most as many again are asked for in vain.
    for (; asked < Math.min(2 * n, n + ahead); asked++) p.ask(asked + 1);
  }
}

// follows says what is wrong with a part's first line, by where it says that it stands.
function follows(before: Bytes[], part: Bytes): string {
  const first = indexOf(part.subarray(0, part.indexOf(lineFeed)));
  return first >= 0 && first <= lastIndex(before) ? noOrder : "";
}

// Aside is a verified record that belongs to no chain, with the checkpoint that its proof
// leads to.
export interface Aside extends Logged {
  checkpoint: Checkpoint;
}

type Open = () => Promise<Aside>;

// readAsides reads a part; last is where the line before it stands in the log. observers are
// the hints of the observer keys; verified reads line n, counted from 1, and names it in
// whatever goes wrong with it.
export async function readAsides(
  doc: Bytes, last: number, chain: Chain, observers: Set<string>, policy: Policy, ed25519: Ed25519Verify, verified: (n: number, open: Open) => Promise<Aside>,
): Promise<Aside[]> {
  // All at once; what goes wrong first is the first line's.
  const found = split(doc).map((line, i) => verified(i + 1, () => openAside(line, chain, observers, policy, ed25519)));
  await Promise.allSettled(found);
  const out: Aside[] = [];
  for (const [i, f] of found.entries()) {
    const a = await f;
    out.push(await verified(i + 1, async () => {
      if (a.index <= last) throw new Error(noOrder);
      last = a.index;
      return a;
    }));
  }
  return out;
}

// lastIndex is where the last line says that it stands in the log, and is not verified; -1
// where there is none that says it.
export function lastIndex(parts: Bytes[]): number {
  const doc = parts.findLast((p) => p.length > 0) ?? new Uint8Array();
  return indexOf(doc.subarray(doc.lastIndexOf(lineFeed, doc.length - 2) + 1));
}

const indexOf = (line: Bytes) => Number(/"logIndex":"(\d+)"/.exec(new TextDecoder().decode(line))?.[1] ?? -1);

// count says how many lines there are. A part of line ends alone would have 16 million, which
// are too many to split.
function count(doc: Bytes): number {
  let n = 0;
  for (let at = 0; at < doc.length; n++) {
    const end = doc.indexOf(lineFeed, at);
    at = end < 0 ? doc.length : end + 1;
  }
  return n;
}

// split returns the lines; undefined for one that has no end.
function split(doc: Bytes): (Bytes | undefined)[] {
  const out: (Bytes | undefined)[] = [];
  for (let at = 0; at < doc.length; ) {
    const end = doc.indexOf(lineFeed, at);
    out.push(end < 0 ? undefined : doc.subarray(at, end));
    at = end < 0 ? doc.length : end + 1;
  }
  return out;
}

async function openAside(line: Bytes | undefined, chain: Chain, observers: Set<string>, policy: Policy, ed25519: Ed25519Verify): Promise<Aside> {
  if (!line) throw new Error("has no end");
  const m = members(parseCanonical(line, "line", maxLine), "line", "bundle", "key");
  const b = parseBundle(utf8(encode(m["bundle"] ?? null)));
  const key = await parsePublicKey(fromBase64(str(m["key"], "key")));
  const said = await (observers.has(key.hint) ? verifySighting(b, key, chain) : verifyClaim(b, key, chain));
  return { ...said, index: b.entry.index, checkpoint: await verifyLogged(b, said.leaf, policy, ed25519) };
}
