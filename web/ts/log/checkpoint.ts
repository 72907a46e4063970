// Checkpoints, heads, freeze and observer notes: what the log signs. Mirrors checkpoint.go,
// head.go, freeze.go and observer.go of package log.
import { checkQuorum, keysOf, type Policy, type Quorum } from "../keys/policy.ts";
import { parsePublicKey } from "./bundle.ts";
import { fromBase64, isDigest, same, type Bytes } from "./bytes.ts";
import { openNote, type Ed25519Verify } from "./note.ts";

// Checkpoint is one whose signatures satisfied a policy: only openCheckpoint makes one.
export interface Checkpoint {
  size: number;
  root: Bytes;
  quorum: Quorum;
  note: Bytes;
}

export async function openCheckpoint(b: Bytes, p: Policy, ed25519: Ed25519Verify): Promise<Checkpoint> {
  const n = await openNote(b, keysOf(p), ed25519);
  const quorum = checkQuorum(p, n.signatures);
  const [origin, size, root, ...rest] = n.text.split("\n");
  if (origin !== p.log.name || rest.length !== 1 || rest[0] !== "") throw new Error("checkpoint: not three lines of this log");
  return { size: number(size), root: hash(root), quorum, note: b };
}

function number(s: string | undefined): number {
  const n = Number(s);
  if (s === undefined || !/^(0|[1-9][0-9]*)$/.test(s) || !Number.isSafeInteger(n)) throw new Error("not a number in decimal");
  return n;
}

function hash(s: string | undefined): Bytes {
  const h = fromBase64(s ?? "");
  if (h.length !== 32) throw new Error("not a hash");
  return h;
}

// Head is the log's signed claim which record of a publication was the newest in a tree.
export interface Head {
  genesis: string;
  record: string;
  index: number;
  treeSize: number;
  note: Bytes;
}

// signedLines returns the lines of a note of a type that the log itself signed; count is
// how many there are, at least and at most.
async function signedLines(b: Bytes, p: Policy, ed25519: Ed25519Verify, type: string, count: number, most = count): Promise<string[]> {
  const n = await openNote(b, keysOf(p), ed25519);
  const lines = n.text.split("\n");
  if (!n.signatures.some((s) => s.key === p.log)) throw new Error(`not signed by the log ${p.log.name}`);
  if (lines.length <= count || lines.length > most + 1 || lines[lines.length - 1] !== "" || lines[0] !== type || lines[1] !== p.log.name) throw new Error(`not a note of type ${type} of this log`);
  return lines;
}

export async function openHead(b: Bytes, p: Policy, ed25519: Ed25519Verify): Promise<Head> {
  const [, , genesis, record, index, size] = await signedLines(b, p, ed25519, "urn:sijil:head:v1", 6);
  const h = { genesis, record, index: number(index), treeSize: number(size), note: b };
  if (!isDigest(h.genesis) || !isDigest(h.record) || h.treeSize <= h.index) throw new Error("head: no digest, or an index outside the tree");
  return h as Head;
}

// conflicts reports whether two heads of one publication cannot both be true.
export function conflicts(a: Head, b: Head): boolean {
  if (a.genesis !== b.genesis) return false;
  const [small, large] = a.treeSize > b.treeSize ? [b, a] : [a, b];
  if (small.index > large.index) return true;
  if (small.index === large.index) return small.record !== large.record;
  if (small.treeSize === large.treeSize || small.record === large.record) return true;
  return large.index < small.treeSize; // the larger tree's record must be one that the smaller had not
}

// Freeze is the log's signed statement that it has ended.
export interface Freeze {
  size: number;
  root: Bytes;
  successor: string;
  note: Bytes;
}

export async function openFreeze(b: Bytes, p: Policy, ed25519: Ed25519Verify): Promise<Freeze> {
  const [, , size, root, successor] = await signedLines(b, p, ed25519, "urn:sijil:freeze:v1", 5);
  return { size: number(size), root: hash(root), successor: successor === "-" ? "" : (successor as string), note: b };
}

export const ended = (f: Freeze, c: Checkpoint) => c.size > f.size || (c.size === f.size && !same(c.root, f.root));

const maxObserverKeys = 16;

// openObserver returns the keys under which the service signs what it saw, as the log says:
// hints. Mirrors observer.go of package log.
export async function openObserver(b: Bytes, p: Policy, ed25519: Ed25519Verify): Promise<Set<string>> {
  const lines = await signedLines(b, p, ed25519, "urn:sijil:observer:v1", 3, 2 + maxObserverKeys);
  const keys = await Promise.all(lines.slice(2, -1).map((line) => parsePublicKey(fromBase64(line))));
  const hints = new Set(keys.map((k) => k.hint));
  if (hints.size !== keys.length) throw new Error("observer: a key is given twice");
  return hints;
}
