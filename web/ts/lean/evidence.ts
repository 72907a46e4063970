// Verifies a badge document (docs/formats/badge.md): everything that proves one
// publication, at one checkpoint. The steps are those of evidence/evidence.ts, and nothing
// passes here that does not pass there. Statements, leaves, head and checkpoint are built
// from what they have to say, and compared whole: so no form has to be read, and nothing
// more can stand in them. Whatever is wrong or unusual throws, and is the engine's to judge.
import { concat, digestText, hex, sha256, toBase64, toBase64URL, utf8, type Bytes } from "../log/bytes.ts";
import { leafHash, rootOf } from "../log/merkle.ts";
import { flat, plainForm, type Plain } from "./text.ts";

// need throws; nobody is told why, for the engine finds its own reason.
export function need(ok: unknown): asserts ok {
  if (!ok) throw 0;
}

export interface Edition {
  record: string;
  number: number;
  retracted: boolean;
  texts: Plain[];
  names: string[]; // as flat has them
  places: string[];
}

// What was parsed and not yet compared.
// deno-lint-ignore no-explicit-any
type Any = any;

interface Key {
  id: string; // name and hash
  digest: Bytes;
  key: CryptoKey;
}

type Times = Map<Key, number>;

interface Policy {
  log: Key;
  keys: Key[];
  quorum: number; // of witnesses
}

const { subtle } = crypto;
const ed25519 = "Ed25519";
const p256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const json = JSON.stringify;
const quoted = '"[^"\\\\]*"';
const disclosure = new RegExp(`^\\["[\\w-]{21}[AQgw]",{("country":${quoted},)?("domain":${quoted},)?"kind":"(organisation|person)",("language":${quoted},)?"name":"([^"\\\\]+)"(,"role":${quoted})?}]$`);
const str = (v: Any) => v?.toString();
export const distinct = (list: unknown[]) => new Set(list).size === list.length;
const hash = async (s: string) => hex(await sha256(utf8(s)));
// As in log/bytes.ts, without words.
const fromBase64 = (s: string) => {
  const b = Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
  need(toBase64(b) === s);
  return b;
};
const byLanguage = (v: Any) => v && Object.fromEntries(Object.entries(v).sort().map(([lang, s]) => [lang, str(s)]));

async function parseKey(vkey: string, kind: number): Promise<Key> {
  const [, id, name, sum, encoded] = /^(([^\s+]+)\+([0-9a-f]{8}))\+(\S+)$/.exec(vkey) as Any;
  const raw = fromBase64(encoded);
  const digest = await sha256(concat(utf8(`${name}\n`), raw));
  need(raw[0] === kind && raw.length === 33 && hex(digest).startsWith(sum));
  return { id, digest, key: await subtle.importKey("raw", raw.slice(1), ed25519, false, ["verify"]) };
}

// parsePolicy reads policies of no witness, of one, or of one group with all of them.
async function parsePolicy(s: string): Promise<Policy> {
  const [, vkey, lines, group, threshold, members = "", quorum] =
    /^log ([a-z0-9][a-z0-9.-]{0,251}\+.+)\n((?:witness [^\W_][\w.-]{0,63}(?: \S+){1,2}\n){0,64})(?:group ([^\W_][\w.-]{0,63}) (all|[1-9]\d?)((?: \S+)+)\n)?\n?quorum (\S+)\n$/.exec(s) as Any;
  const log = await parseKey(vkey, 1);
  const keys = [log];
  const names: string[] = [];
  for (const [, name, key] of lines.matchAll(/ (\S+) (\S+).*/g)) {
    names.push(name);
    keys.push(await parseKey(key, 4));
  }
  const most = threshold === "all" ? names.length : +threshold;
  need(distinct(keys.map((k) => k.id)) && distinct([...names, group, "none"]));
  need(group ? quorum === group && members === ` ${names.join(" ")}` && most <= names.length : quorum === (names.join(" ") || "none"));
  return { log, keys, quorum: group ? most : names.length };
}

// openNote returns when each key of the policy signed a note, and its text.
async function openNote(note: string, p: Policy): Promise<[text: string, times: Times]> {
  const [, text, lines] = /^([^]+\n)\n((?:— [^\s+]+ \S+\n){1,64})$/.exec(note) as Any;
  const times: Times = new Map();
  for (const [, name, encoded] of lines.matchAll(/ (\S+) (\S+)/g)) {
    const b = fromBase64(encoded);
    const key = p.keys.find((k) => k.id === `${name}+${hex(b.slice(0, 4))}`);
    need(b.length > 4);
    if (!key) continue;
    const time = key === p.log ? 0 : parseInt(hex(b.slice(4, 12)), 16);
    need(!times.has(key) && b.length === (key === p.log ? 68 : 76) && time < 2 ** 53);
    need(await subtle.verify(ed25519, key.key, b.slice(-64), utf8(key === p.log ? text : `cosignature/v1\ntime ${time}\n${text}`)));
    times.set(key, time);
  }
  need(times.has(p.log));
  return [text, times];
}

// der is the one encoding of an ECDSA signature in ASN.1.
function der(raw: Bytes): Bytes {
  const int = (b: Bytes) => {
    const v = [...b.slice(b.findIndex((x) => x > 0))];
    if ((v[0] as number) > 127) v.unshift(0);
    return [2, v.length, ...v];
  };
  const both = [...int(raw.slice(0, 32)), ...int(raw.slice(32))];
  return Uint8Array.of(48, both.length, ...both);
}

// verify throws where the document does not prove, plainly, what it says of a publication.
export async function verify(document: string, slug: string, genesis: string, now: number): Promise<Edition[]> {
  need(!/\\[^\\n"]/.test(document)); // no control characters, nor lone surrogates
  const d: Any = JSON.parse(document);
  const p = await parsePolicy(d.policy);
  const origin = p.log.id.slice(0, -9);
  const [text, times] = await openNote(d.checkpoint, p);
  const [, size, encoded] = text.split("\n") as Any;
  need(text === `${origin}\n${+size}\n${encoded}\n` && +size < 2 ** 53 && !d.frozen);
  // Cosignatures that are a day old may keep news back.
  need([...times.values()].filter((t) => t >= now - 86400).length >= p.quorum);

  const log = { keyId: digestText(p.log.digest), origin };
  const editions: Edition[] = [];
  let [previous, before, keys]: [string, number, string[]] = ["", -1, []];
  for (const [sequence, { index, key, payload, proof, signature }] of d.records.entries()) {
    const { predicate: v } = JSON.parse(payload);
    const { issued, reason } = v;
    const bytes = utf8(payload);
    const signed = concat(utf8(`DSSEv1 28 application/vnd.in-toto+json ${bytes.length} `), bytes);
    const sum = await sha256(signed);
    const record = digestText(sum);
    let [kind, predicate, subjects]: Any[] = [];
    if (!sequence) {
      keys = v.policy.keys;
      const policy = { keys: keys.map(str), recoveryKeys: [], threshold: 1 };
      need(record === genesis && keys.length < 33 && keys.every((k) => /^MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE.{88}$/.test(k)));
      [kind, predicate, subjects] = ["publication", { log, policy, slug, title: byLanguage(v.title) }, [["policy", await hash(json(policy))]]];
    } else if (v.signatories) {
      const number = editions.length + 1;
      const e: Edition = { record, number, retracted: false, texts: [], names: [], places: [] };
      const commitments: string[] = [];
      const { disclosures, texts } = d.versions[number - 1];
      for (const s of disclosures) {
        const [, , , , , name] = disclosure.exec(s) as Any;
        commitments.push(toBase64URL(await sha256(utf8(toBase64URL(utf8(s))))));
        e.names.push(flat(plainForm(name)));
      }
      const [files, canonical]: [Any, Any] = [[], []];
      for (const lang of Object.keys(texts).sort()) {
        const form = plainForm(texts[lang]);
        e.texts.push(form);
        files.push([`text/${lang}`, await hash(texts[lang])]);
        canonical.push([`canonical/${lang}`, await hash(form[0])]);
      }
      const placeDate = byLanguage(v.placeDate);
      for (const line of Object.values<string>(placeDate ?? {}).join("\n").split("\n")) if (/\S/.test(line)) e.places.push(flat(plainForm(line)));
      need(e.texts.length && commitments.length <= 1e4 && distinct(commitments));
      subjects = [...canonical, ["signatories", await hash(json(commitments))], ...files];
      kind = "version";
      predicate = {
        canonical: "sijil-text/1", date: str(v.date), issued: str(issued), log, place: str(v.place), placeDate, previous, publication: genesis, reason: str(reason), sequence,
        signatories: { commitments }, title: byLanguage(v.title), version: number,
      };
      editions.push(e);
    } else {
      // Of a version; that of the whole publication is the engine's.
      const { number } = v.version;
      const e = editions[number - 1] as Edition;
      need(!e.retracted);
      e.retracted = true;
      kind = "retraction";
      predicate = { issued: str(issued), log, previous, publication: genesis, reason: str(reason), sequence, version: { number, record: e.record } };
      subjects = [["retracted", e.record.slice(7)]];
    }
    need(json({
      _type: "https://in-toto.io/Statement/v1", predicate, predicateType: `urn:sijil:${kind}:v1`,
      subject: subjects.map(([name, sha256]: string[]) => ({ digest: { sha256 }, name })),
    }) === payload);

    const raw = fromBase64(signature);
    need(keys.includes(key) && (await subtle.verify(p256, await subtle.importKey("spki", fromBase64(key), p256, false, ["verify"]), raw, signed)));
    const leaf = `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${toBase64(sum)}"},"signature":{"content":"${toBase64(der(raw))}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${key}"}}}}}}`;
    need(index > before && toBase64(await rootOf(proof.map(fromBase64), +size, index, await leafHash(utf8(leaf)))) === encoded);
    [previous, before] = [record, index];
  }
  const [head] = await openNote(d.head, p);
  need(head === `urn:sijil:head:v1\n${origin}\n${genesis}\n${previous}\n${before}\n${+size}\n` && editions.length && editions.length === d.versions.length);
  return editions;
}
