// How each signatory of a version is known. Mirrors internal/endorsement; the rules are
// those of docs/formats/endorsement.md, which count records in the order of the log:
//
//  1. a key is an entry's from the first enrolment that names both; a second key only when
//     its enrolment is repeated at least renewalWait later, and then the first one has
//     ended. A key that was enrolled under one domain is never another's;
//  2. a claim counts when its key is the entry's, or was until a later index; before that
//     it is shown as signed with a key that nobody has confirmed;
//  3. an observation counts as the observer says;
//  4. of endorsement, withdrawal and denial the last word holds. A withdrawal may be signed
//     by a publisher key of the time, and then says so;
//  5. an endorsement is for the version that was read. It stands for another version that
//     lists the very same entry where the text that was read, or every text if that is not
//     known, is the same to the byte.
import type { Chain } from "../chain/chain.ts";
import { sha256, toBase64 } from "../log/bytes.ts";
import type { Claim, ReadText } from "../statement/claim.ts";
import type { Enrolment, Observation } from "../statement/observer.ts";
import type { Said } from "./verify.ts";

const renewalWait = 72 * 3600 * 1000; // milliseconds

export type Known = "listed" | "confirmed-domain" | "confirmed-mail" | "signed" | "withdrawn" | "denied" | "withheld";
type Means = "domain" | "mail" | "key" | "passkey";

// Logged is a record at its place in the log.
export interface Logged extends Said {
  index: number;
}

// Policy is the hints of the publication's keys, in force from a log index on.
export interface Policy {
  from: number;
  keys: string[];
}

// Left says how and when a signatory left.
export interface Left {
  kind: "withdrawal" | "denial";
  record: string;
  index: number;
  issued: string;
  publisher: boolean; // a publisher key signed it
}

// Standing is how one entry of a version's list is known.
export interface Standing {
  entry: string;
  known: Known;
  left?: Left; // that holds
}

// Book holds what was said of a publication's entries. Only readBook makes one.
export interface Book {
  chain: Chain;
  entries: Map<string, Account>;
}

interface Account {
  key?: string; // in force
  former: { key: string; until: number }[];
  waiting: Map<string, number>; // second keys, and when each was first named
  endorsed: Endorsed[];
  left?: Left;
}

interface Endorsed {
  means: Means;
  version: number;
  text: ReadText | undefined;
}

// readBook takes verified records in the order of the log, with the publication's policies
// over time.
export async function readBook(chain: Chain, policies: Policy[], records: Logged[]): Promise<Book> {
  const b: Book = { chain, entries: new Map() };
  const owners = new Map<string, string>(); // domains by the key that was enrolled under them
  for (const r of records) if (r.sighting?.type === "enrolment") await enrol(b, r.sighting, r.index, owners);
  for (const r of records) {
    if (r.claim) claim(b, r, r.claim, policies);
    else if (r.sighting?.type === "observation") await observe(b, r, r.sighting);
  }
  return b;
}

function account(b: Book, entry: string): Account {
  let a = b.entries.get(entry);
  if (!a) b.entries.set(entry, (a = { former: [], waiting: new Map(), endorsed: [] }));
  return a;
}

const hintOf = async (spki: Uint8Array) => toBase64(await sha256(spki));

// enrol is rule 1.
async function enrol(b: Book, e: Enrolment, index: number, owners: Map<string, string>): Promise<void> {
  const key = await hintOf(e.key);
  if ((owners.get(key) ?? e.domain) !== e.domain) return;
  owners.set(key, e.domain);
  const a = account(b, e.entry);
  const at = Date.parse(e.issued);
  const first = a.waiting.get(key);
  if (a.key === undefined) a.key = key;
  else if (a.key === key) a.waiting.clear(); // the domain names the first key again
  else if (first === undefined) a.waiting.set(key, at);
  else if (at - first >= renewalWait) {
    a.former.push({ key: a.key, until: index });
    a.key = key;
    a.waiting.clear();
  }
}

// owns says whether a key was the entry's at an index.
const owns = (a: Account, key: string, index: number) => a.key === key || a.former.some((f) => f.key === key && index < f.until);

// claim is rule 2, and rule 4 for what a key signed.
function claim(b: Book, r: Logged, c: Claim, policies: Policy[]): void {
  const a = account(b, c.entry);
  const owner = owns(a, r.key, r.index);
  if (!owner && !(c.kind === "withdrawal" && inForce(policies, r.key, r.index))) return;
  if (c.kind === "endorsement") endorse(a, { means: "key", version: c.version.number, text: c.text });
  else leave(a, { kind: c.kind, record: r.digest, index: r.index, issued: c.issued, publisher: !owner });
}

// observe is rule 3, and rule 4 for what the service saw. A domain that says no more what
// it said has not withdrawn it.
async function observe(b: Book, r: Logged, o: Observation): Promise<void> {
  const a = account(b, o.entry);
  if (o.passkey && !owns(a, await hintOf(o.passkey.key), r.index)) return;
  if (o.claim === "absence") return;
  if (o.claim === "endorsement") endorse(a, { means: o.seen?.means ?? "passkey", version: o.version.number, text: o.text });
  else leave(a, { kind: o.claim, record: r.digest, index: r.index, issued: o.issued, publisher: false });
}

// endorse replaces what the same means said of the same version before.
function endorse(a: Account, e: Endorsed): void {
  delete a.left;
  a.endorsed = [...a.endorsed.filter((old) => old.means !== e.means || old.version !== e.version), e];
}

// leave ends every endorsement before.
function leave(a: Account, l: Left): void {
  a.left = l;
  a.endorsed = [];
}

// inForce reports whether a key was in the policy at an index.
function inForce(policies: Policy[], key: string, index: number): boolean {
  const now = policies.filter((p) => p.from <= index).pop();
  return now !== undefined && now.keys.includes(key);
}

// standings says how the entries of version n are known, in list order.
export const standings = (b: Book, n: number): Standing[] => (b.chain.versions[n - 1]?.entries ?? []).map((entry) => standing(b, n, entry));

const ranks: Known[] = ["listed", "confirmed-domain", "confirmed-mail", "signed"];
const knownBy: Record<Means, Known> = { domain: "confirmed-domain", mail: "confirmed-mail", key: "signed", passkey: "signed" };

function standing(b: Book, n: number, entry: string): Standing {
  const s: Standing = { entry, known: "listed" };
  const a = b.entries.get(entry);
  if (b.chain.withheld.has(entry)) s.known = "withheld";
  else if (a?.left) {
    s.left = a.left;
    s.known = a.left.kind === "denial" ? "denied" : "withdrawn";
  } else {
    for (const e of a?.endorsed ?? []) {
      const known = knownBy[e.means];
      if (stands(b, e, n) && ranks.indexOf(known) > ranks.indexOf(s.known)) s.known = known;
    }
  }
  return s;
}

// stands is rule 5.
function stands(b: Book, e: Endorsed, n: number): boolean {
  if (e.version === n) return true;
  const now = b.chain.versions[n - 1]?.texts ?? [];
  const read = b.chain.versions[e.version - 1]?.texts ?? [];
  const text = e.text;
  if (text) return now.some((t) => t.language === text.language && t.file === text.sha256);
  return now.length === read.length && now.every((t, i) => t.language === read[i]?.language && t.file === read[i].file);
}

// count says how many entries are known in each way.
export function count(list: Standing[]): Record<Known, number> {
  const out: Record<Known, number> = { listed: 0, "confirmed-domain": 0, "confirmed-mail": 0, signed: 0, withdrawn: 0, denied: 0, withheld: 0 };
  for (const s of list) out[s.known]++;
  return out;
}
