// Sigstore bundles v0.3 in this project's profile. Mirrors bundle.go, entry.go and
// verify.go of package log; docs/formats/record.md is the description.
import type { Policy } from "../keys/policy.ts";
import { decimal, list, members, parseCanonical, str } from "../jcs/shape.ts";
import { concat, digestText, fromBase64, same, sha256, toBase64, utf8, type Bytes } from "./bytes.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { leafHash, rootOf } from "./merkle.ts";
import type { Ed25519Verify } from "./note.ts";

const maxBundle = 2 << 20;
const payloadType = "application/vnd.in-toto+json";

export interface Entry {
  index: number;
  logID: Bytes;
  body: Bytes;
  rootHash: Bytes;
  treeSize: number;
  hashes: Bytes[];
  checkpoint: Bytes;
}

export interface Bundle {
  payload: Bytes;
  signature: Bytes;
  hint: string;
  entry: Entry;
}

const bytes32 = (s: string) => {
  const b = fromBase64(s);
  if (b.length !== 32) throw new Error("bundle: not 32 bytes");
  return b;
};

// parseBundle reads a logged bundle in its one encoding. Nothing in it is verified.
export function parseBundle(data: Uint8Array): Bundle {
  const b = members(parseCanonical(data, "bundle", maxBundle), "bundle", "mediaType", "verificationMaterial", "dsseEnvelope");
  const v = members(b["verificationMaterial"], "verificationMaterial", "publicKey", "tlogEntries");
  const e = members(b["dsseEnvelope"], "dsseEnvelope", "payload", "payloadType", "signatures");
  const sigs = list(e["signatures"], "signatures", 1);
  if (b["mediaType"] !== "application/vnd.dev.sigstore.bundle.v0.3+json" || e["payloadType"] !== payloadType || sigs.length !== 1) throw new Error("bundle: of another profile");
  const payload = fromBase64(str(e["payload"], "payload"));
  const signature = fromBase64(str(members(sigs[0], "signature", "sig")["sig"], "sig"));
  const entries = list(v["tlogEntries"], "tlogEntries", 1);
  const hint = str(members(v["publicKey"], "publicKey", "hint")["hint"], "hint");
  if (payload.length === 0 || signature.length === 0) throw new Error("bundle: no payload or no signature");
  return { payload, signature, hint, entry: parseEntry(entries[0]) };
}

function parseEntry(v: Parameters<typeof members>[0]): Entry {
  const t = members(v, "log entry", "logIndex", "logId", "kindVersion", "inclusionProof", "canonicalizedBody");
  const kind = members(t["kindVersion"], "kindVersion", "kind", "version");
  const p = members(t["inclusionProof"], "inclusionProof", "logIndex", "rootHash", "treeSize", "hashes", "checkpoint");
  const index = decimal(t["logIndex"], "logIndex");
  const treeSize = decimal(p["treeSize"], "treeSize");
  if (kind["kind"] !== "hashedrekord" || kind["version"] !== "0.0.2" || decimal(p["logIndex"], "logIndex") !== index || treeSize <= index) throw new Error("bundle: log entry of another kind or place");
  return {
    index, treeSize, logID: bytes32(str(members(t["logId"], "logId", "keyId")["keyId"], "keyId")),
    body: fromBase64(str(t["canonicalizedBody"], "canonicalizedBody")), rootHash: bytes32(str(p["rootHash"], "rootHash")),
    hashes: list(p["hashes"], "hashes", 63).map((h) => bytes32(str(h, "hash"))),
    checkpoint: utf8(str(members(p["checkpoint"], "checkpoint", "envelope")["envelope"], "envelope")),
  };
}

// PublicKey is a publisher's key: ECDSA P-256.
export interface PublicKey {
  spki: Bytes;
  hint: string; // base64 of the SHA-256 of spki
  key: CryptoKey;
}

const p256Prefix = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";

export async function parsePublicKey(spki: Bytes): Promise<PublicKey> {
  if (spki.length !== 91 || Array.from(spki.subarray(0, 27), (x) => x.toString(16).padStart(2, "0")).join("") !== p256Prefix) throw new Error("public key is not ECDSA P-256 in its one encoding");
  const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  return { spki, hint: toBase64(await sha256(spki)), key };
}

// pae is what a DSSE signature signs.
export const pae = (payload: Bytes) => concat(utf8(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload);

// recordDigest is the record digest of a payload.
export const recordDigest = async (payload: Bytes) => digestText(await sha256(pae(payload)));

// rawSignature turns an ASN.1 DER signature into the two numbers that Web Crypto reads;
// what is not in DER throws.
function rawSignature(der: Bytes): Bytes {
  const out = new Uint8Array(64);
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new Error("signature is not DER");
  let at = 2;
  for (const end of [32, 64]) {
    const n = der[at + 1] ?? 0;
    const b = der.subarray(at + 2, at + 2 + n);
    const first = b[0] ?? 0x80;
    if (der[at] !== 2 || b.length !== n || n > 33 || first >= 0x80 || (first === 0 && (n === 1 || (b[1] as number) < 0x80)) || (n === 33 && first !== 0)) throw new Error("signature is not DER");
    const value = first === 0 ? b.subarray(1) : b;
    out.set(value, end - value.length);
    at += 2 + n;
  }
  if (at !== der.length) throw new Error("signature is not DER");
  return out;
}

// verifySignature checks the envelope's signature under a key, and returns the leaf
// that follows from it.
export async function verifySignature(b: Bundle, key: PublicKey): Promise<Bytes> {
  const signed = pae(b.payload);
  if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key.key, rawSignature(b.signature), signed))) throw new Error("bundle: signature does not verify under the key");
  const digest = toBase64(await sha256(signed));
  return utf8(
    `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${digest}"},` +
      `"signature":{"content":"${toBase64(b.signature)}","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${toBase64(key.spki)}"}}}}}}`,
  );
}

// verifyLogged checks, after the signature: the log; the entry, rebuilt; the
// checkpoint under the policy; that proof and checkpoint are of one tree; inclusion.
export async function verifyLogged(b: Bundle, leaf: Bytes, p: Policy, ed25519: Ed25519Verify): Promise<Checkpoint> {
  const e = b.entry;
  if (!same(e.logID, p.log.id)) throw new Error("bundle: entry is from another log");
  if (!same(e.body, leaf)) throw new Error("bundle: entry body is not that of this statement");
  const c = await openCheckpoint(e.checkpoint, p, ed25519);
  if (e.treeSize !== c.size || !same(e.rootHash, c.root)) throw new Error("bundle: proof and checkpoint are of different trees");
  const root = await rootOf(e.hashes, c.size, e.index, await leafHash(leaf)).catch(() => undefined);
  if (!root || !same(root, c.root)) throw new Error("bundle: the inclusion proof does not lead to the root");
  return c;
}
