// The publisher's chain: which record may follow. Mirrors internal/chain.
import { recordDigest, verifySignature, type Bundle, type PublicKey } from "../log/bundle.ts";
import type { Bytes } from "../log/bytes.ts";
import { parseStatement, type Policy, type Recovery, type Retraction, type Statement } from "../statement/statement.ts";

export interface Chain {
  genesis: string;
  slug: string;
  log: { keyId: string; origin: string };
  policy: Policy; // in force
  announced?: Recovery; // as long as it is the newest record
  judge?: Judge; // without one no recovery is accepted
  head: string;
  sequence: number;
  versions: { record: string; entries: string[]; retracted: boolean }[];
  final: boolean; // the publication is retracted
  withheld: Set<string>; // commitments of entries that redactions withhold
}

// Judge throws where a recovery did not stand in public long enough: see judgeBy.
export type Judge = (recovery: string, days: number, proof: { covered: string; later: string }) => Promise<void>;

// Signature is one publisher key's verified signature, with the leaf that it makes.
export interface Signature {
  key: PublicKey;
  leaf: Bytes;
}

// Accepted is a record whose signatures and place in the chain are verified.
export interface Accepted {
  digest: string;
  statement: Statement;
  signatures: Signature[]; // in the order in which they were added
}

// Proposal is a statement whose place in the chain is verified, with the signatures it
// has so far. advance makes it a record.
export interface Proposal extends Accepted {
  keys: PublicKey[]; // that may sign it
  threshold: number; // how many of them must
}

async function verifyWithAny(b: Bundle, keys: PublicKey[]): Promise<Signature> {
  const key = keys.find((k) => k.hint === b.hint);
  if (!key) throw new Error("the record is not signed by a key of the publication");
  return { key, leaf: await verifySignature(b, key) };
}

// start opens a chain with its genesis record: that a key it lists has signed it.
// Whether it is the publication one wanted is decided by its digest.
export async function start(b: Bundle): Promise<{ chain: Chain; record: Accepted }> {
  const s = await parseStatement(b.payload);
  if (s.type !== "publication") throw new Error("genesis: want a statement of type publication");
  const signed = await verifyWithAny(b, s.policy.keys);
  const digest = await recordDigest(b.payload);
  return {
    chain: { genesis: digest, slug: s.slug, log: s.log, policy: s.policy, head: digest, sequence: 0, versions: [], final: false, withheld: new Set() },
    record: { digest, statement: s, signatures: [signed] },
  };
}

// signers are the keys that may sign a statement, and how many must: those of the policy
// in force, or one recovery key.
const signers = (c: Chain, s: Statement): Pick<Proposal, "keys" | "threshold"> =>
  s.type === "recovery" || (s.type === "policy" && s.recovery) ? { keys: c.policy.recoveryKeys, threshold: 1 } : { keys: c.policy.keys, threshold: c.policy.threshold };

// wants is how many signatures the record needs of which b is the first.
export async function wants(c: Chain, b: Bundle): Promise<number> {
  const s = await parseStatement(b.payload).catch(() => undefined); // propose says what is wrong with it
  return s ? signers(c, s).threshold : c.policy.threshold;
}

// propose verifies that b, signed by one key of the policy in force, could follow the
// chain's head.
export async function propose(c: Chain, b: Bundle): Promise<Proposal> {
  const s = await parseStatement(b.payload);
  if (s.log.origin !== c.log.origin || s.log.keyId !== c.log.keyId) throw new Error("the record is for another log");
  if (s.type === "publication" || s.publication !== c.genesis) throw new Error("the record is for another publication");
  const may = signers(c, s);
  const signed = await verifyWithAny(b, may.keys);
  checkPlace(c, s);
  await checkRecovery(c, s);
  return { digest: await recordDigest(b.payload), statement: s, signatures: [signed], ...may };
}

// cosign adds another publisher key's signature over the same statement.
export async function cosign(p: Proposal, b: Bundle): Promise<void> {
  if ((await recordDigest(b.payload)) !== p.digest) throw new Error("the signature is over another statement");
  const signed = await verifyWithAny(b, p.keys);
  if (p.signatures.some((s) => s.key.hint === signed.key.hint)) throw new Error("the key has signed this record already");
  p.signatures.push(signed);
}

// checkRecovery: recovery keys never change, and what completes a recovery follows it,
// says the same, and is judged.
async function checkRecovery(c: Chain, s: Statement): Promise<void> {
  if (s.type !== "recovery" && s.type !== "policy") return;
  const hints = (p: Policy) => p.recoveryKeys.map((k) => k.hint).join(" ");
  if (hints(s.policy) !== hints(c.policy) || s.policy.recoveryDays !== c.policy.recoveryDays) throw new Error("policy: recovery keys and days are those of the genesis, for ever");
  if (s.type === "recovery" || !s.recovery) return;
  if (!c.announced) throw new Error("no recovery stands at the head");
  if (c.announced.policy.subject !== s.policy.subject) throw new Error("another policy was announced");
  if (!c.judge) throw new Error("nobody here can judge whether the recovery stood in public long enough");
  await c.judge(c.head, c.policy.recoveryDays, s.recovery);
}

function checkPlace(c: Chain, s: Statement): void {
  if (c.final && s.type !== "redaction") throw new Error("the publication is retracted: nothing can follow");
  if (s.sequence !== c.sequence + 1 || s.previous !== c.head) throw new Error("the record does not follow the head");
  switch (s.type) {
    case "version":
      if (s.version !== c.versions.length + 1) throw new Error(`the record is version ${s.version}, the next is ${c.versions.length + 1}`);
      return;
    case "retraction":
      return checkRetraction(c, s);
    case "redaction":
      if (c.withheld.has(s.entry)) throw new Error("the entry is withheld already");
      if (!c.versions.some((v) => v.entries.includes(s.entry))) throw new Error("no version lists the entry");
  }
}

function checkRetraction(c: Chain, s: Retraction): void {
  if (!s.version) return;
  const v = c.versions[s.version.number - 1];
  if (!v || v.record !== s.version.record || v.retracted) throw new Error(`there is no version ${s.version.number} to retract, or it is another record, or retracted already`);
}

// advance makes a proposal with as many signatures as the policy asks for the chain's
// newest record.
export function advance(c: Chain, p: Proposal): Accepted {
  const { digest, statement: s, signatures } = p;
  if (signatures.length < p.threshold) throw new Error(`the record has ${signatures.length} of the ${p.threshold} signatures it needs`);
  c.announced = s.type === "recovery" ? s : undefined;
  c.head = digest;
  c.sequence = s.sequence;
  if (s.type === "version") c.versions.push({ record: digest, entries: s.commitments, retracted: false });
  else if (s.type === "policy") c.policy = s.policy;
  else if (s.type === "redaction") c.withheld.add(s.entry);
  else if (s.type === "retraction") retract(c, s);
  return { digest, statement: s, signatures };
}

function retract(c: Chain, s: Retraction): void {
  const v = s.version && c.versions[s.version.number - 1];
  if (v) v.retracted = true;
  else c.final = true;
}
