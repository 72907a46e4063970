// What the service's observer key signs: what the service saw, and no more than that.
// Mirrors observer.go of internal/statement.
import type { JSONValue } from "../jcs/jcs.ts";
import { members, str, type Members } from "../jcs/shape.ts";
import { parsePublicKey } from "../log/bundle.ts";
import { fromBase64, fromBase64URL, hex, sha256, utf8, type Bytes } from "../log/bytes.ts";
import { optional, parseClaim, readText, versionName, versionSubject, type Claim, type ReadText, type VersionName } from "./claim.ts";
import { commitment, digest, instant, logName, parseWith, type LogName, type Reads, type Subject } from "./statement.ts";

interface Sighted {
  domain: string; // of the signatory; "" with a key that nobody has confirmed
  entry: string; // commitment of the list entry
  issued: string;
  log: LogName;
  publication: string;
}

// Seen is how a domain or a mail was seen.
export interface Seen {
  means: "domain" | "mail";
  weak: boolean; // a mail under a short DKIM key
}

export interface Enrolment extends Sighted {
  type: "enrolment";
  key: Bytes; // DER SubjectPublicKeyInfo
  seen: Seen;
}

export interface Observation extends Sighted {
  type: "observation";
  claim: Claim["kind"] | "absence";
  // Exactly one of these is there.
  seen?: Seen;
  passkey?: { key: Bytes };
  text?: ReadText; // that was read; none where that is not known
  version: VersionName;
}

export type Sighting = Enrolment | Observation;

const kinds = ["endorsement", "withdrawal", "denial", "absence"];
const maxPasskey = 16 << 10; // bytes of one part of an assertion

// parseSighting reads a payload in its one encoding.
export const parseSighting = (payload: Bytes): Promise<Sighting> => parseWith<Sighting>(payload, predicate);

const predicate: Reads<Sighting> = async (type, v) => {
  switch (type) {
    case "urn:sijil:enrolment:v1":
      return enrolment(members(v, "enrolment", "domain", "entry", "issued", "key", "log", "publication", "seen"));
    case "urn:sijil:observation:v1":
      return observation(members(v, "observation", "claim", "domain?", "entry", "issued", "log", "passkey?", "publication", "seen?", "text?", "version"));
  }
  throw new Error("statement: want an enrolment or an observation");
};

const domainName = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function sighted(m: Members): Sighted {
  const s = { domain: optional(m, "domain"), entry: commitment(m["entry"]), issued: instant(m["issued"]), log: logName(m["log"]), publication: digest(m["publication"], "publication") };
  if (s.domain !== "" && !domainName.test(s.domain)) throw new Error("domain: want a host name in lower case");
  return s;
}

const entrySubject = (s: Sighted): Subject => ({ name: "entry", sha256: hex(fromBase64URL(s.entry)) });

function readSeen(v: JSONValue | undefined): Seen {
  const m = members(v, "seen", "certificate?", "document", "keyRecord?", "means", "selector?", "signer?", "via?", "weak?");
  digest(m["document"], "document");
  const means = str(m["means"], "means");
  const via = optional(m, "via");
  const [record, selector, signer] = [optional(m, "keyRecord"), optional(m, "selector"), optional(m, "signer")];
  const certificate = "certificate" in m;
  if (certificate) digest(m["certificate"], "certificate");
  if ("weak" in m && m["weak"] !== true) throw new Error("seen: weak is true or absent");
  if (means === "domain") {
    if (record + selector + signer !== "" || "weak" in m || (via !== "file" && via !== "dns") || certificate !== (via === "file")) throw new Error("seen: a domain is seen by a file, with its certificate, or by dns");
  } else if (means === "mail") {
    if (via !== "" || certificate || record === "" || selector === "" || !domainName.test(signer)) throw new Error("seen: a mail has signer, selector and key record");
    if (utf8(record).length > 4096 || utf8(selector).length > 253) throw new Error("seen: key record or selector too long");
  } else throw new Error("seen: want domain or mail");
  return { means, weak: "weak" in m };
}

async function enrolment(m: Members): Promise<[Enrolment, Subject[]]> {
  const key = fromBase64(str(m["key"], "key"));
  await parsePublicKey(key);
  const s: Enrolment = { ...sighted(m), type: "enrolment", key, seen: readSeen(m["seen"]) };
  return [s, [entrySubject(s), { name: "key", sha256: hex(await sha256(key)) }]];
}

async function observation(m: Members): Promise<[Observation, Subject[]]> {
  const claim = str(m["claim"], "claim");
  if (!kinds.includes(claim)) throw new Error("observation: a claim that is not known");
  const o: Observation = { ...sighted(m), type: "observation", claim: claim as Observation["claim"], version: versionName(m["version"]) };
  if ("text" in m) o.text = readText(m["text"]);
  if ("seen" in m === "passkey" in m) throw new Error("want what was seen, or a passkey's assertion, and not both");
  if ("passkey" in m) o.passkey = await readPasskey(m["passkey"], o);
  else {
    o.seen = readSeen(m["seen"]);
    if (o.domain === "") throw new Error("domain: missing");
    if (claim === "absence" && o.seen.means !== "domain") throw new Error("only a domain can fall silent");
  }
  return [o, [entrySubject(o), versionSubject(o.version)]];
}

// readPasskey holds the claim that the assertion is over against what the observation
// says. The assertion itself the observer has verified: that it did is its word.
async function readPasskey(v: JSONValue | undefined, o: Observation): Promise<{ key: Bytes }> {
  const m = members(v, "passkey", "authenticatorData", "clientDataJSON", "key", "payload", "signature");
  for (const part of ["authenticatorData", "clientDataJSON", "signature"]) {
    const n = fromBase64(str(m[part], part)).length;
    if (n === 0 || n > maxPasskey) throw new Error("passkey: too long, or empty");
  }
  const key = fromBase64(str(m["key"], "key"));
  await parsePublicKey(key);
  const c = await parseClaim(fromBase64(str(m["payload"], "payload")));
  if (c.kind !== o.claim || c.entry !== o.entry || c.log.keyId !== o.log.keyId || c.log.origin !== o.log.origin || c.publication !== o.publication || c.version.number !== o.version.number || c.version.record !== o.version.record)
    throw new Error("passkey: the assertion is over another claim");
  if (c.text?.language !== o.text?.language || c.text?.sha256 !== o.text?.sha256) throw new Error("passkey: the assertion is over another text");
  return { key };
}
