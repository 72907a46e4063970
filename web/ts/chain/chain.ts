// The publisher's chain: which record may follow. Mirrors internal/chain.
import { parsePublicKey, recordDigest, verifySignature, type Bundle, type PublicKey } from "../log/bundle.ts";
import type { Bytes } from "../log/bytes.ts";
import { parseStatement, type Publication, type Retraction, type Statement } from "../statement/statement.ts";

export interface Chain {
  genesis: string;
  slug: string;
  log: { keyId: string; origin: string };
  keys: PublicKey[];
  head: string;
  sequence: number;
  versions: { record: string; retracted: boolean }[];
  final: boolean; // the publication is retracted
}

// Accepted is a record whose signature and place in the chain are verified.
export interface Accepted {
  digest: string;
  statement: Statement;
  key: PublicKey;
  leaf: Bytes;
}

async function verifyWithAny(b: Bundle, keys: PublicKey[]): Promise<{ key: PublicKey; leaf: Bytes }> {
  const key = keys.find((k) => k.hint === b.hint);
  if (!key) throw new Error("the record is not signed by a key of the publication");
  return { key, leaf: await verifySignature(b, key) };
}

// start opens a chain with its genesis record: that a key it lists has signed it.
// Whether it is the publication one wanted is decided by its digest.
export async function start(b: Bundle): Promise<{ chain: Chain; record: Accepted }> {
  const s = await parseStatement(b.payload);
  if (s.type !== "publication") throw new Error("genesis: want a statement of type publication");
  const p: Publication = s;
  const keys = await Promise.all(p.keys.map(parsePublicKey));
  const signed = await verifyWithAny(b, keys);
  const digest = await recordDigest(b.payload);
  return {
    chain: { genesis: digest, slug: p.slug, log: p.log, keys, head: digest, sequence: 0, versions: [], final: false },
    record: { digest, statement: p, ...signed },
  };
}

// next verifies that b follows the chain's head, and moves it.
export async function next(c: Chain, b: Bundle): Promise<Accepted> {
  const s = await parseStatement(b.payload);
  if (s.log.origin !== c.log.origin || s.log.keyId !== c.log.keyId) throw new Error("the record is for another log");
  if (s.type === "publication" || s.publication !== c.genesis) throw new Error("the record is for another publication");
  const signed = await verifyWithAny(b, c.keys);
  if (c.final) throw new Error("the publication is retracted: nothing can follow");
  if (s.sequence !== c.sequence + 1 || s.previous !== c.head) throw new Error("the record does not follow the head");
  const digest = await recordDigest(b.payload);
  if (s.type === "version") {
    if (s.version !== c.versions.length + 1) throw new Error(`the record is version ${s.version}, the next is ${c.versions.length + 1}`);
    c.versions.push({ record: digest, retracted: false });
  } else retract(c, s);
  c.head = digest;
  c.sequence = s.sequence;
  return { digest, statement: s, ...signed };
}

function retract(c: Chain, s: Retraction): void {
  if (!s.version) {
    c.final = true;
    return;
  }
  const v = c.versions[s.version.number - 1];
  if (!v || v.record !== s.version.record || v.retracted) throw new Error(`there is no version ${s.version.number} to retract, or it is another record, or retracted already`);
  v.retracted = true;
}
