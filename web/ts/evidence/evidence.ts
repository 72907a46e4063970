// Reads what a service, or an exported folder, holds of one publication, and verifies
// all of it against a trust file. Mirrors internal/evidence, step by step:
//
//  1. the trust file pins a genesis digest for the slug;
//  2. the checkpoint is signed as the witness policy asks, and a statement that the log
//     has ended, if there is one, is signed and not contradicted by it;
//  3. the head is signed by the log, for this genesis;
//  4. each record, from genesis to head: its bundles, one for each signature that the
//     publication policy asks for, are in their one encoding; it follows the chain; its
//     signatures are by different keys of the publication policy; their entries, rebuilt,
//     are included under checkpoints that satisfy the witness policy; log indices rise;
//  5. the genesis digest is the pinned one, the last record is the head's;
//  6. what signatories said, and what the service saw of them: each record's form,
//     signature, subject and place in the log;
//  7. all checkpoints met on the way are of one tree, and of the tree this browser saw
//     last;
//  8. texts and signatory lists have the digests the records name.
//
// There is no second opinion of a stock verifier here: the tool and CI have it.
import { advance, cosign, propose, start, wants, type Accepted, type Chain, type Proposal } from "../chain/chain.ts";
import { judgeBy } from "../chain/recovery.ts";
import { readBook, type Book } from "../endorsement/standing.ts";
import { logOnly, QuorumError, type Policy, type Trust } from "../keys/policy.ts";
import { digestText, hex, same, sha256, utf8, type Bytes } from "../log/bytes.ts";
import { parseBundle, verifyLogged, type Bundle } from "../log/bundle.ts";
import { conflicts, ended, openCheckpoint, openFreeze, openHead, openObserver, type Checkpoint, type Freeze, type Head } from "../log/checkpoint.ts";
import { webCryptoEd25519, type Ed25519Verify } from "../log/note.ts";
import { extendsTree, type Fetch } from "../log/tiles.ts";
import { lastIndex, partRecords, readAsides, readParts, type Aside } from "./endorsements.ts";
import { openSignatories, type Entry } from "../signatory/signatory.ts";
import type { Version } from "../statement/statement.ts";
import { canonicalText } from "../text/text.ts";

const maxRecords = 100_000;
const day = 24 * 3600;

// EvidenceError says why nothing could be verified; its code is a reason's code in
// docs/formats/verdict.md.
export class EvidenceError extends Error {
  code: string;
  proof: { rule: string; first: string; second: string } | undefined; // of log-misbehaved
  constructor(code: string, detail: string, proof?: EvidenceError["proof"]) {
    super(detail);
    this.code = code;
    this.proof = proof;
  }
}

const damaged = (path: string, detail: string) => new EvidenceError("damaged-evidence", `${path}: ${detail}`);

// Memory is what a browser keeps of a log, as signed notes that it verified.
export interface Memory {
  checkpoint?: string;
  heads: Record<string, string>; // by genesis
}

export interface Options {
  trust: Trust;
  slug: string;
  folder?: boolean; // an exported folder, not a service
  memory?: Memory;
  now?: number; // seconds, to tell a stale log by; none: no log is stale
  ed25519?: Ed25519Verify;
  partRecords?: number; // of a full part of what signatories said; for tests alone
}

export interface Edition {
  statement: Version;
  texts: Map<string, Bytes>;
  entries: Entry[];
}

export interface Opened extends Accepted {
  index: number; // in the log, of its last signature
  edition?: Edition;
}

// Publication is a publication of which everything was verified. Only openPublication
// makes one.
export interface Publication {
  slug: string;
  genesis: string;
  origin: string;
  checkpoint: Checkpoint;
  frozen: Freeze | undefined;
  head: Head;
  records: Opened[];
  book: Book; // how the signatories of each version are known
  fresh: boolean; // nothing newer can have been kept back
  remember: Memory;
}

interface Reader {
  fetch: Fetch;
  asked: Map<string, ReturnType<Fetch>>; // what is on its way, or came before it was needed
  o: Options;
  policy: Policy;
  ed25519: Ed25519Verify;
  trees: Checkpoint[];
}

const publicationPath = (o: Options) => (o.folder ? o.slug : `api/v1/publications/${o.slug}`);

// openPublication throws EvidenceError, or what fetch throws.
export async function openPublication(fetch: Fetch, o: Options): Promise<Publication> {
  const genesis = o.trust.publications.get(o.slug);
  if (genesis === undefined) throw new EvidenceError("not-pinned", `${o.slug} is not pinned`);
  const r: Reader = { fetch, asked: new Map(), o, policy: o.trust.policy, ed25519: o.ed25519 ?? webCryptoEd25519, trees: [] };
  // On a slow line it is the waiting for one answer after another that takes the time. What
  // is asked for together is still verified in order.
  for (const path of ["checkpoint", "frozen", headPath(o), bundlePath(o, 0, 1), bundlePath(o, 1, 1), endorsementsPath(o, 1), "observer"]) ask(r, path);
  let checkpoint = await readCheckpoint(r);
  const frozen = await readFrozen(r);
  let head = await readHead(r, genesis);
  // The head may have been read just before the checkpoint: the next one was not.
  if (head.treeSize < checkpoint.size && !o.folder) head = await readHead(r, genesis);
  let fresh = head.treeSize >= checkpoint.size;
  let { records, chain } = await readRecords(r, genesis, head);
  const said = await readSaid(r);
  // What is said of a version is said once it is published. Where that goes beyond the
  // head's tree, the next head has the version.
  if (lastIndex(said) >= head.treeSize && !o.folder) {
    head = await readHead(r, genesis);
    fresh = head.treeSize >= checkpoint.size;
    ({ records, chain } = await readRecords(r, genesis, head));
  }
  const book = await readEndorsements(r, said, records, chain);
  const largest = () => r.trees.reduce((n, t) => Math.max(n, t.size), 0);
  if (head.treeSize > largest()) {
    await readCheckpoint(r); // the log has grown between the two answers
    if (head.treeSize > largest()) throw damaged(headPath(o), "speaks of a tree that no checkpoint covers");
  }
  for (const t of r.trees) if (t.size > checkpoint.size) checkpoint = t;
  if (!(await compareTrees(r, checkpoint, frozen, head))) fresh = false;
  checkAge(r, checkpoint, frozen);
  await readEditions(r, records);
  return { slug: o.slug, genesis, origin: r.policy.log.name, checkpoint, frozen, head, records, book, fresh, remember: newer(o.memory ?? { heads: {} }, { checkpoint: note(checkpoint.note), heads: { [genesis]: note(head.note) } }) };
}

// ask begins to read a document; read returns it, each time anew. What nobody reads in the
// end may fail.
function ask(r: Reader, path: string): void {
  const p = r.fetch(path);
  p.catch(() => undefined);
  r.asked.set(path, p);
}

function read(r: Reader, path: string): ReturnType<Fetch> {
  const p = r.asked.get(path) ?? r.fetch(path);
  r.asked.delete(path);
  return p;
}

async function get(r: Reader, path: string): Promise<Bytes> {
  const b = await read(r, path);
  if (!b) throw damaged(path, "is missing");
  return b;
}

// verified names the document in whatever goes wrong with it.
async function verified<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (e) {
    if (e instanceof EvidenceError) throw e;
    if (e instanceof QuorumError) throw new EvidenceError("no-quorum", `${path}: ${e.message}`);
    throw damaged(path, (e as Error).message);
  }
}

async function readCheckpoint(r: Reader): Promise<Checkpoint> {
  const b = await get(r, "checkpoint");
  const c = await verified("checkpoint", () => openCheckpoint(b, r.policy, r.ed25519));
  r.trees.push(c);
  return c;
}

async function readFrozen(r: Reader): Promise<Freeze | undefined> {
  const b = await read(r, "frozen");
  return b && verified("frozen", () => openFreeze(b, r.policy, r.ed25519));
}

const headPath = (o: Options) => `${publicationPath(o)}/head`;

async function readHead(r: Reader, genesis: string): Promise<Head> {
  const path = headPath(r.o);
  const b = await get(r, path);
  const h = await verified(path, () => openHead(b, r.policy, r.ed25519));
  if (h.genesis !== genesis) throw damaged(path, `is for genesis ${h.genesis}, the pins say ${genesis}`);
  return h;
}

const ahead = 8; // records that are asked for at a time, at most

// bundlePath is where the bundle of a record's nth signature stands, from 1.
const bundlePath = (o: Options, sequence: number, nth: number) => `${publicationPath(o)}/records/${sequence}${nth === 1 ? "" : `.${nth}`}.bundle.json`;

async function readRecords(r: Reader, genesis: string, head: Head): Promise<{ records: Opened[]; chain: Chain }> {
  const records: Opened[] = [];
  const places: number[][] = []; // of each record's signatures
  let chain: Chain | undefined;
  for (let n = 0; n < maxRecords; n++) {
    const bundles = await readBundles(r, n, chain);
    const follows: Following = chain ? await nextRecord(r, chain, bundles) : await firstRecord(r, bundles[0] as Bundle, genesis);
    chain = follows.chain;
    // Where a record says it stands is verified below, before anything is returned.
    chain.judge = judgeBy(r.policy, r.ed25519, (digest) => records.find((x) => x.digest === digest)?.index);
    const indices = await readPlaces(r, follows.record, n, bundles);
    places.push(indices);
    records.push({ ...follows.record, index: indices[indices.length - 1] as number });
    for (const p of editionPaths(r.o, follows.record.statement)) ask(r, p);
    if (follows.record.digest !== head.record) continue;
    checkIndices(r, records, places, head);
    return { records, chain };
  }
  throw damaged(headPath(r.o), `names a record that is not among the first ${maxRecords}`);
}

// readBundles reads as many bundles of a record as the policy in force asks for, or the
// one of a recovery.
async function readBundles(r: Reader, n: number, chain: Chain | undefined): Promise<Bundle[]> {
  let want = chain?.policy.threshold ?? 1;
  const paths = (k: number) => Array.from({ length: want }, (_, i) => bundlePath(r.o, k, i + 1));
  // Nothing says how many records there are: at most as many again are asked for in vain.
  const most = r.asked.has(bundlePath(r.o, n, 1)) ? 1 : Math.min(ahead, Math.max(n, 1));
  for (let k = n; k < n + most; k++) for (const path of paths(k)) if (!r.asked.has(path)) ask(r, path);
  const bundles: Bundle[] = [];
  for (const [i, path] of paths(n).entries()) {
    if (i >= want) break;
    // It may have been asked for before it was there.
    const data = (await read(r, path)) ?? (await read(r, path));
    if (!data) throw damaged(path, "is missing");
    bundles.push(await verified(path, async () => parseBundle(data)));
    if (chain && i === 0 && want > 1) want = await wants(chain, bundles[0] as Bundle);
  }
  return bundles;
}

interface Following {
  chain: Chain;
  record: Accepted;
}

const firstRecord = (r: Reader, b: Bundle, genesis: string): Promise<Following> =>
  verified(bundlePath(r.o, 0, 1), async () => {
    const { chain, record } = await start(b);
    if (chain.slug !== r.o.slug || chain.log.origin !== r.policy.log.name || chain.log.keyId !== digestText(r.policy.log.id)) throw new Error("the genesis record is for another slug or log");
    if (record.digest !== genesis) throw new Error(`the genesis record is ${record.digest}, the pins say ${genesis}`);
    return { chain, record };
  });

// nextRecord verifies a record's signatures and its place in the chain, which it moves on.
async function nextRecord(r: Reader, chain: Chain, bundles: Bundle[]): Promise<Following> {
  const sequence = chain.sequence + 1;
  let p: Proposal | undefined;
  for (const [i, b] of bundles.entries()) {
    await verified(bundlePath(r.o, sequence, i + 1), async () => {
      if (p) await cosign(p, b);
      else p = await propose(chain, b);
    });
  }
  return { chain, record: await verified(bundlePath(r.o, sequence, 1), async () => advance(chain, p as Proposal)) };
}

// readPlaces verifies the place in the log of each of a record's signatures.
async function readPlaces(r: Reader, record: Accepted, sequence: number, bundles: Bundle[]): Promise<number[]> {
  for (const [i, signed] of record.signatures.entries()) {
    await verified(bundlePath(r.o, sequence, i + 1), async () => r.trees.push(await verifyLogged(bundles[i] as Bundle, signed.leaf, r.policy, r.ed25519)));
  }
  return bundles.map((b) => b.entry.index);
}

// checkIndices: log indices rise along the chain, from signature to signature, and the
// last is the head's.
function checkIndices(r: Reader, records: Opened[], places: number[][], head: Head): void {
  let before = -1;
  for (const [sequence, indices] of places.entries()) {
    for (const [i, index] of indices.entries()) {
      if (index <= before) throw damaged(bundlePath(r.o, sequence, i + 1), `stands in the log before the ${i === 0 ? "record it follows" : "signature that it follows"}`);
      before = index;
    }
  }
  const last = records[records.length - 1] as Opened;
  if (last.index !== head.index) throw damaged(headPath(r.o), `says log index ${head.index}, the record is at ${last.index}`);
}

const endorsementsPath = (o: Options, part: number) => `${publicationPath(o)}/endorsements${part === 1 ? "" : `.${part}`}.jsonl`;

// readSaid reads what signatories said, part by part; nothing is verified yet.
const readSaid = (r: Reader): Promise<Bytes[]> =>
  readParts({
    read: (n) => read(r, endorsementsPath(r.o, n)),
    ask: (n) => ask(r, endorsementsPath(r.o, n)),
    verified: (n, f) => verified(endorsementsPath(r.o, n), f),
  }, r.o.partRecords ?? partRecords);

// readEndorsements reads and verifies what signatories said. Each record's place in the log
// is proved; that none is left out is not: an audit shows it.
async function readEndorsements(r: Reader, said: Bytes[], records: Opened[], chain: Chain): Promise<Book> {
  const policies = records.flatMap(({ index, statement: s }) => (s.type === "publication" || s.type === "policy" ? [{ from: index, keys: s.policy.keys.map((k) => k.hint) }] : []));
  if (said.length === 0) return readBook(chain, policies, []); // as good as an empty one, which anybody can serve
  const b = await read(r, "observer");
  const observers = b ? await verified("observer", () => openObserver(b, r.policy, r.ed25519)) : new Set<string>(); // what it signed will then not verify
  const asides: Aside[] = [];
  for (const [i, part] of said.entries()) {
    const last = asides[asides.length - 1]?.index ?? -1;
    for (const a of await readAsides(part, last, chain, observers, r.policy, r.ed25519, (n, open) => verified(`${endorsementsPath(r.o, i + 1)}: line ${n}`, open))) {
      asides.push(a);
      r.trees.push(a.checkpoint);
    }
  }
  return readBook(chain, policies, asides);
}

const note = (b: Bytes) => new TextDecoder().decode(b);

// compareTrees proves that all checkpoints are of one growing tree, and that it extends
// what this browser saw last. It returns whether nothing newer was seen before.
async function compareTrees(r: Reader, newest: Checkpoint, frozen: Freeze | undefined, head: Head): Promise<boolean> {
  const trees = [...r.trees];
  const misbehaved = (rule: string, detail: string, first: Bytes, second: Bytes) =>
    new EvidenceError("log-misbehaved", `the log misbehaved (${rule}): ${detail}`, { rule, first: note(first), second: note(second) });
  const memory = r.o.memory?.checkpoint;
  if (memory !== undefined) {
    const seen = await verified("remembered checkpoint", () => openCheckpoint(utf8(memory), logOnly(r.policy), r.ed25519));
    if (newest.size < seen.size && !r.o.folder) {
      throw misbehaved("rollback", `its newest checkpoint covers ${newest.size} entries; this browser has seen one, signed by the same key, that covers ${seen.size}`, seen.note, newest.note);
    }
    trees.push(seen);
  }
  for (const t of trees) {
    if (frozen && ended(frozen, t)) throw misbehaved("frozen", `it said that it ends with ${frozen.size} entries, and signed another tree of ${t.size}`, frozen.note, t.note);
  }
  trees.sort((a, b) => a.size - b.size);
  for (let i = 1; i < trees.length; i++) {
    const [a, b] = [trees[i - 1], trees[i]] as [Checkpoint, Checkpoint];
    if (a.size === b.size && !same(a.root, b.root)) throw misbehaved("fork", `it signed two different trees of ${a.size} entries`, a.note, b.note);
    if (a.size === b.size || a.size === 0 || r.o.folder || b.size > newest.size) continue;
    if (!(await verified("tiles", () => extendsTree(r.fetch, a, b)))) throw misbehaved("fork", `its tree of ${b.size} entries does not extend the one of ${a.size} that it signed before`, a.note, b.note);
  }
  return compareHeads(r, head, misbehaved);
}

async function compareHeads(r: Reader, head: Head, misbehaved: (rule: string, detail: string, first: Bytes, second: Bytes) => EvidenceError): Promise<boolean> {
  const seen = r.o.memory?.heads[head.genesis];
  if (seen === undefined) return true;
  const last = await verified("remembered head", () => openHead(utf8(seen), r.policy, r.ed25519));
  if (conflicts(last, head)) throw misbehaved("head", "it signed two heads of one publication that cannot both be true", last.note, head.note);
  return last.treeSize <= head.treeSize;
}

// checkAge refuses a log whose newest quorum is old: news may be withheld.
function checkAge(r: Reader, c: Checkpoint, frozen: Freeze | undefined): void {
  const now = r.o.now;
  if (!r.policy.quorum || now === undefined || r.o.folder || frozen) return;
  if (now - c.quorum.at > day) {
    throw new EvidenceError("stale-log", `the witnesses cosigned the newest checkpoint at ${new Date(c.quorum.at * 1000).toISOString()}, ${Math.floor((now - c.quorum.at) / 3600)} hours ago`);
  }
}

// newer returns of each note the newer one.
export function newer(a: Memory, b: Memory): Memory {
  const size = (n: string | undefined, line: number) => Number(n?.split("\n")[line] ?? -1);
  const pick = (x: string | undefined, y: string | undefined, line: number) => (size(x, line) > size(y, line) ? x : y);
  const checkpoint = pick(a.checkpoint, b.checkpoint, 1);
  const heads = { ...a.heads };
  for (const [genesis, head] of Object.entries(b.heads)) heads[genesis] = pick(heads[genesis], head, 5) as string;
  return checkpoint === undefined ? { heads } : { checkpoint, heads };
}

async function readEditions(r: Reader, records: Opened[]): Promise<void> {
  await Promise.all(
    records.map(async (record) => {
      if (record.statement.type === "version") record.edition = await readEdition(r, record.statement);
    }),
  );
}

const editionFolder = (o: Options, v: Version) => `${publicationPath(o)}/versions/${v.version}`;
const textPath = (o: Options, v: Version, language: string) => `${editionFolder(o, v)}/text.${language}.txt`;
const editionPaths = (o: Options, s: Opened["statement"]) =>
  s.type === "version" ? [`${editionFolder(o, s)}/signatories.json`, ...s.texts.map((t) => textPath(o, s, t.language))] : [];

// readEdition fetches a version's texts and list; every digest is recomputed.
async function readEdition(r: Reader, v: Version): Promise<Edition> {
  const folder = editionFolder(r.o, v);
  const listed = await get(r, `${folder}/signatories.json`);
  const { entries, document } = await verified(`${folder}/signatories.json`, () => openSignatories(listed));
  if (hex(await sha256(utf8(document))) !== v.signatories) throw damaged(folder, "the signatory list is not the one that was signed");
  const texts = new Map<string, Bytes>();
  for (const t of v.texts) {
    const path = textPath(r.o, v, t.language);
    const file = await get(r, path);
    await verified(path, async () => {
      if (hex(await sha256(file)) !== t.file) throw new Error("is not the file that was signed");
      if (hex(await sha256(utf8(canonicalText(file, v.canonical)))) !== t.canonical) throw new Error("has another canonical form than the one that was signed");
    });
    texts.set(t.language, file);
  }
  return { statement: v, texts, entries };
}
