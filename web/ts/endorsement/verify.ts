// Verifies records that belong to no chain. Mirrors verify.go of internal/endorsement.
import type { Chain } from "../chain/chain.ts";
import { recordDigest, verifySignature, type Bundle, type PublicKey } from "../log/bundle.ts";
import type { Bytes } from "../log/bytes.ts";
import { parseClaim, type Claim, type VersionName } from "../statement/claim.ts";
import { parseSighting, type Sighting } from "../statement/observer.ts";
import type { LogName } from "../statement/statement.ts";

// Said is a verified record: a claim, or a sighting. Only verifyClaim and verifySighting
// make one.
export interface Said {
  digest: string;
  key: string; // hint of the signer's key
  leaf: Bytes;
  claim?: Claim;
  sighting?: Sighting;
}

// verifyClaim verifies a claim's signature, and that what it speaks of is there: the log,
// the publication, the version, its list entry, and the text that was read. Whose the key
// is, it does not say.
export async function verifyClaim(b: Bundle, key: PublicKey, c: Chain): Promise<Said> {
  const said = await verify(b, key);
  const claim = await parseClaim(b.payload);
  place(c, claim, claim.version);
  return { ...said, claim };
}

// verifySighting verifies what the observer key signed. That it verified a passkey's
// assertion is its word, which is taken.
export async function verifySighting(b: Bundle, observer: PublicKey, c: Chain): Promise<Said> {
  const said = await verify(b, observer);
  const s = await parseSighting(b.payload);
  if (s.type === "observation") place(c, s, s.version);
  else {
    placeLog(c, s);
    if (!c.versions.some((v) => v.entries.includes(s.entry))) throw new Error("no version lists the entry");
  }
  return { ...said, sighting: s };
}

async function verify(b: Bundle, key: PublicKey): Promise<Said> {
  if (b.hint !== key.hint) throw new Error("not signed by the key that is given");
  return { leaf: await verifySignature(b, key), digest: await recordDigest(b.payload), key: key.hint };
}

interface Placed {
  log: LogName;
  publication: string;
  entry: string;
  text?: { language: string; sha256: string };
}

function placeLog(c: Chain, s: Placed): void {
  if (s.log.origin !== c.log.origin || s.log.keyId !== c.log.keyId) throw new Error("the record is for another log");
  if (s.publication !== c.genesis) throw new Error("the record is for another publication");
}

function place(c: Chain, s: Placed, name: VersionName): void {
  placeLog(c, s);
  const v = c.versions[name.number - 1];
  if (!v || v.record !== name.record) throw new Error(`there is no version ${name.number} with the record ${name.record}`);
  if (!v.entries.includes(s.entry)) throw new Error("the version lists no such entry");
  const text = s.text;
  if (text && !v.texts.some((t) => t.language === text.language && t.file === text.sha256)) throw new Error(`version ${name.number} has no such text ${text.language.slice(0, 40)}`);
}
