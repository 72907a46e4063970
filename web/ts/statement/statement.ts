// The statements of a publication's chain. Mirrors internal/statement;
// docs/formats/record.md is the description. Statements are signed by the publisher
// and were checked by whoever took them in: here it is their form that counts, and
// every digest in them.
import { encode, type JSONValue } from "../jcs/jcs.ts";
import { int, list, members, parseCanonical, str, type Members } from "../jcs/shape.ts";
import { parsePublicKey, type PublicKey } from "../log/bundle.ts";
import { fromBase64, fromBase64URL, hex, isDigest, sha256, utf8, type Bytes } from "../log/bytes.ts";

const maxPayload = 1 << 20;

interface Header {
  log: { keyId: string; origin: string };
  publication: string; // "" in the genesis record alone
  sequence: number;
  previous: string;
}

// Policy is a publication policy: keys, how many of them must sign a record, and keys
// that can replace them, after days in public. subject is its digest.
export interface Policy {
  keys: PublicKey[];
  threshold: number;
  recoveryKeys: PublicKey[];
  recoveryDays: number; // 0 without recovery keys
  subject: string;
}

export interface Publication extends Header {
  type: "publication";
  slug: string;
  title: Record<string, string>;
  policy: Policy;
}

export interface Text {
  language: string;
  file: string; // digest, in hexadecimal
  canonical: string;
}

export interface Version extends Header {
  type: "version";
  version: number;
  canonical: string; // edition of the canonical form
  issued: string;
  date: string;
  place: string;
  placeDate: Record<string, string>;
  reason: string;
  title: Record<string, string>;
  commitments: string[]; // of the signatory list, in its order
  signatories: string; // digest of the commitments document, in hexadecimal
  texts: Text[]; // by language
}

// PolicyChange replaces the policy from the next record on.
export interface PolicyChange extends Header {
  type: "policy";
  issued: string;
  reason: string;
  policy: Policy;
  recovery?: { covered: string; later: string }; // checkpoints, as notes, where it completes a recovery
}

// Recovery says which policy a recovery key will put in force.
export interface Recovery extends Header {
  type: "recovery";
  issued: string;
  reason: string;
  policy: Policy;
}

// Redaction says that one list entry is withheld.
export interface Redaction extends Header {
  type: "redaction";
  issued: string;
  entry: string; // its commitment
  payloads: string[]; // record digests of what is about it, sorted
}

export interface Retraction extends Header {
  type: "retraction";
  issued: string;
  reason: string;
  version?: { number: number; record: string }; // none: the whole publication
}

export type Statement = Publication | Version | PolicyChange | Recovery | Retraction | Redaction;

// parseStatement reads a payload in its one encoding.
export async function parseStatement(payload: Bytes): Promise<Statement> {
  const m = members(parseCanonical(payload, "statement", maxPayload), "statement", "_type", "predicate", "predicateType", "subject");
  if (m["_type"] !== "https://in-toto.io/Statement/v1") throw new Error("statement: of another type");
  const subjects = list(m["subject"], "subject", 100).map(parseSubject);
  const [s, want] = await predicate(str(m["predicateType"], "predicateType"), m["predicate"] as JSONValue, subjects);
  // The subjects are those of the predicate, in order.
  if (subjects.length !== want.length || subjects.some((x, i) => x.name !== want[i]?.name || x.sha256 !== want[i]?.sha256)) throw new Error("statement: its subjects are not those of its predicate");
  return s;
}

interface Subject {
  name: string;
  sha256: string;
}

function parseSubject(v: JSONValue): Subject {
  const m = members(v, "subject", "digest", "name");
  const sha = str(members(m["digest"], "digest", "sha256")["sha256"], "sha256");
  if (!/^[0-9a-f]{64}$/.test(sha)) throw new Error("subject: not a SHA-256 digest");
  return { name: str(m["name"], "name"), sha256: sha };
}

const digestOf = async (v: JSONValue) => hex(await sha256(utf8(encode(v))));

async function predicate(type: string, v: JSONValue, subjects: Subject[]): Promise<[Statement, Subject[]]> {
  switch (type) {
    case "urn:sijil:publication:v1":
      return publication(members(v, "publication", "log", "policy", "slug", "title"));
    case "urn:sijil:version:v1":
      return version(
        members(v, "version", "canonical", "date?", "issued", "log", "place?", "placeDate?", "previous", "publication", "reason", "sequence", "signatories", "title", "version"),
        subjects,
      );
    case "urn:sijil:policy:v1":
      return policyChange(members(v, "policy", "issued", "log", "policy", "previous", "publication", "reason", "recovery?", "sequence"));
    case "urn:sijil:recovery:v1":
      return recovery(members(v, "recovery", "issued", "log", "policy", "previous", "publication", "reason", "sequence"));
    case "urn:sijil:redaction:v1":
      return redaction(members(v, "redaction", "entry", "issued", "log", "payloads", "previous", "publication", "sequence"));
    case "urn:sijil:retraction:v1":
      return retraction(members(v, "retraction", "issued", "log", "previous", "publication", "reason", "sequence", "version?"));
  }
  throw new Error("statement: a predicate type that is not known here");
}

function logName(v: JSONValue | undefined): Header["log"] {
  const m = members(v, "log", "keyId", "origin");
  return { keyId: digest(m["keyId"], "keyId"), origin: str(m["origin"], "origin") };
}

function digest(v: JSONValue | undefined, what: string): string {
  if (!isDigest(v)) throw new Error(`${what}: want a digest`);
  return v;
}

const header = (m: Members): Header => ({
  log: logName(m["log"]), publication: digest(m["publication"], "publication"), sequence: int(m["sequence"], "sequence", 1),
  previous: digest(m["previous"], "previous"),
});

function words(v: JSONValue | undefined, what: string): Record<string, string> {
  if (v === undefined) return {};
  const m = members(v, what, ...Object.keys(v as object));
  return Object.fromEntries(Object.entries(m).map(([lang, s]) => [lang, str(s, what)]));
}

// instant reads RFC 3339 in UTC, in whole seconds.
function instant(v: JSONValue | undefined): string {
  const s = str(v, "issued");
  const at = new Date(s);
  if (isNaN(at.getTime()) || at.toISOString().replace(".000Z", "Z") !== s) throw new Error("issued: want a time such as 2026-01-31T12:00:00Z");
  return s;
}

// commitment reads a digest in base64url, in its one encoding.
function commitment(v: JSONValue | undefined): string {
  const s = str(v, "commitment");
  if (!/^[\w-]{42}[AEIMQUYcgkosw048]$/.test(s)) throw new Error("want a commitment: a SHA-256 digest in base64url");
  return s;
}

// policy returns a publication policy, and the subject that it is.
async function policy(v: JSONValue | undefined): Promise<[Policy, Subject]> {
  const p = members(v, "policy", "keys", "recoveryDays?", "recoveryKeys", "threshold");
  const parse = (k: JSONValue) => parsePublicKey(fromBase64(str(k, "key")));
  const keys = await Promise.all(list(p["keys"], "keys", 32).map(parse));
  const recoveryKeys = await Promise.all(list(p["recoveryKeys"], "recoveryKeys", 8).map(parse));
  const threshold = int(p["threshold"], "threshold", 1);
  const recoveryDays = p["recoveryDays"] === undefined ? 0 : int(p["recoveryDays"], "recoveryDays", 7);
  if (threshold > keys.length || keys.length === 0) throw new Error("policy: threshold: want 1 to the number of keys");
  if (recoveryKeys.length > 0 ? recoveryDays < 7 || recoveryDays > 365 : recoveryDays !== 0) throw new Error("policy: recoveryDays: want 7 to 365 with recovery keys, and none without");
  if (new Set([...keys, ...recoveryKeys].map((k) => k.hint)).size !== keys.length + recoveryKeys.length) throw new Error("policy: a key is listed twice");
  const subject = await digestOf(p);
  return [{ keys, threshold, recoveryKeys, recoveryDays, subject }, { name: "policy", sha256: subject }];
}

async function publication(m: Members): Promise<[Publication, Subject[]]> {
  const [p, subject] = await policy(m["policy"]);
  const s: Publication = {
    type: "publication", log: logName(m["log"]), publication: "", sequence: 0, previous: "",
    slug: str(m["slug"], "slug"), title: words(m["title"], "title"), policy: p,
  };
  return [s, [subject]];
}

async function policyChange(m: Members): Promise<[PolicyChange, Subject[]]> {
  const [p, subject] = await policy(m["policy"]);
  const s: PolicyChange = { ...header(m), type: "policy", issued: instant(m["issued"]), reason: str(m["reason"], "reason"), policy: p };
  if (m["recovery"] !== undefined) {
    const proof = members(m["recovery"], "recovery", "covered", "later");
    s.recovery = { covered: note(proof["covered"]), later: note(proof["later"]) };
  }
  return [s, [subject]];
}

function note(v: JSONValue | undefined): string {
  const s = str(v, "recovery");
  if (s === "" || utf8(s).length > 64 << 10) throw new Error("recovery: want two checkpoints");
  return s;
}

async function recovery(m: Members): Promise<[Recovery, Subject[]]> {
  const [p, subject] = await policy(m["policy"]);
  return [{ ...header(m), type: "recovery", issued: instant(m["issued"]), reason: str(m["reason"], "reason"), policy: p }, [subject]];
}

async function redaction(m: Members): Promise<[Redaction, Subject[]]> {
  const payloads = list(m["payloads"], "payloads", 1000).map((d) => digest(d, "payload"));
  if (payloads.some((d, i) => i > 0 && (payloads[i - 1] as string) >= d)) throw new Error("payloads: they are sorted, and each stands once");
  const s: Redaction = { ...header(m), type: "redaction", issued: instant(m["issued"]), entry: commitment(m["entry"]), payloads };
  return [s, [{ name: "entry", sha256: hex(fromBase64URL(s.entry)) }, { name: "payloads", sha256: await digestOf(payloads) }]];
}

async function version(m: Members, subjects: Subject[]): Promise<[Version, Subject[]]> {
  const commitments = list(members(m["signatories"], "signatories", "commitments")["commitments"], "commitments", 10_000).map(commitment);
  if (new Set(commitments).size !== commitments.length) throw new Error("signatories: a commitment is given twice");
  const of = (prefix: string) => subjects.filter((x) => x.name.startsWith(prefix)).map((x) => ({ language: x.name.slice(prefix.length), sha256: x.sha256 }));
  const texts = of("text/").map((t) => {
    const canonical = of("canonical/").find((c) => c.language === t.language);
    if (!canonical) throw new Error(`version: no digest canonical/${t.language.slice(0, 40)}`);
    return { language: t.language, file: t.sha256, canonical: canonical.sha256 };
  });
  const languages = texts.map((t) => t.language);
  if (texts.length === 0 || languages.some((l, i) => i > 0 && (languages[i - 1] as string) >= l)) throw new Error("version: no texts, or not in order");
  const s: Version = {
    ...header(m), type: "version", version: int(m["version"], "version", 1), canonical: str(m["canonical"], "canonical"),
    issued: instant(m["issued"]), date: "date" in m ? str(m["date"], "date") : "", place: "place" in m ? str(m["place"], "place") : "",
    placeDate: words(m["placeDate"], "placeDate"), reason: str(m["reason"], "reason"), title: words(m["title"], "title"),
    commitments, signatories: await digestOf(commitments), texts,
  };
  if (s.version > s.sequence) throw new Error("version: want 1 to the sequence number");
  return [s, [
    ...texts.map((t) => ({ name: `canonical/${t.language}`, sha256: t.canonical })), { name: "signatories", sha256: s.signatories },
    ...texts.map((t) => ({ name: `text/${t.language}`, sha256: t.file })),
  ]];
}

async function retraction(m: Members): Promise<[Retraction, Subject[]]> {
  const s: Retraction = { ...header(m), type: "retraction", issued: instant(m["issued"]), reason: str(m["reason"], "reason") };
  if ("version" in m) {
    const v = members(m["version"], "version", "number", "record");
    s.version = { number: int(v["number"], "number", 1), record: digest(v["record"], "record") };
    if (s.version.number >= s.sequence || s.version.record === s.publication) throw new Error("version: want a version before this record");
  }
  return [s, [{ name: "retracted", sha256: (s.version?.record ?? s.publication).slice("sha256:".length) }]];
}
