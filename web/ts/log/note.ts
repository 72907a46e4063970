// Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature). Mirrors
// what internal code of package log asks of golang.org/x/mod/sumdb/note.
import { concat, fromBase64, hex, same, sha256, text, utf8, type Bytes } from "./bytes.ts";

const maxNote = 64 << 10;

// Ed25519Verify verifies a signature over a message under a raw public key.
export type Ed25519Verify = (key: Bytes, signature: Bytes, message: Bytes) => Promise<boolean>;

// webCryptoEd25519 is the browser's own.
export const webCryptoEd25519: Ed25519Verify = async (key, signature, message) => {
  const k = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, k, signature, message);
};

export const algEd25519 = 0x01;
export const algCosignature = 0x04;

// Key is a verifier key, "name+hash+base64".
export interface Key {
  name: string;
  hash: string; // 8 hexadecimal digits
  alg: number;
  raw: Bytes; // the public key
  id: Bytes; // the whole SHA-256 of which hash is the beginning
  vkey: string;
}

// parseKey reads a verifier key in its one encoding. It throws.
export async function parseKey(vkey: string): Promise<Key> {
  const [, name, hash, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey) ?? [];
  if (name === undefined || hash === undefined || encoded === undefined) throw new Error("not a verifier key");
  const bytes = fromBase64(encoded);
  const id = await sha256(concat(utf8(`${name}\n`), bytes));
  if (hex(id.subarray(0, 4)) !== hash) throw new Error("a verifier key whose hash is not its own");
  return { name, hash, alg: bytes[0] as number, raw: bytes.slice(1), id, vkey };
}

export interface Signature {
  key: Key;
  time: number; // of a cosignature, in seconds; 0 else
}

export interface Note {
  text: string;
  signatures: Signature[]; // those that verified, each key once
}

// openNote verifies a note's signatures by known keys. A line of an unknown key is
// passed over, a wrong one of a known key spoils the note.
export async function openNote(b: Uint8Array, known: Key[], ed25519: Ed25519Verify): Promise<Note> {
  if (b.length > maxNote) throw new Error(`signed note is over ${maxNote} bytes`);
  const s = text(b);
  const split = s.lastIndexOf("\n\n");
  if (/[\x00-\x09\x0b-\x1f]/.test(s) || split < 0 || !s.endsWith("\n") || split + 2 >= s.length) throw new Error("malformed note");
  const signed = s.slice(0, split + 1);
  const lines = s.slice(split + 2, -1).split("\n");
  if (lines.length > 100) throw new Error("malformed note: more than 100 signatures");
  const signatures: Signature[] = [];
  for (const line of lines) {
    const { name, hash, sig } = parseLine(line);
    const key = known.find((k) => k.name === name && k.hash === hash);
    if (!key || signatures.some((x) => x.key === key)) continue;
    const time = await verifyLine(key, sig, signed, ed25519);
    if (time === undefined) throw new Error(`the signature of ${name} does not verify`);
    signatures.push({ key, time });
  }
  if (signatures.length === 0) throw new Error("not signed by a key in the policy");
  return { text: signed, signatures };
}

function parseLine(line: string): { name: string; hash: string; sig: Bytes } {
  const [, name, encoded] = /^— ([^\p{White_Space}+]+) ([A-Za-z0-9+/]+=*)$/u.exec(line) ?? [];
  if (name === undefined || encoded === undefined) throw new Error("malformed note");
  const bytes = fromBase64(encoded);
  if (bytes.length < 5) throw new Error("malformed note");
  return { name, hash: hex(bytes.subarray(0, 4)), sig: bytes.slice(4) };
}

// verifyLine returns the time of a good signature, undefined for a bad one.
async function verifyLine(key: Key, sig: Bytes, signed: string, ed25519: Ed25519Verify): Promise<number | undefined> {
  if (key.alg === algEd25519) return (await ed25519(key.raw, sig, utf8(signed))) ? 0 : undefined;
  if (sig.length !== 72) return undefined;
  const time = Number(new DataView(sig.buffer).getBigUint64(0));
  if (!Number.isSafeInteger(time)) return undefined;
  return (await ed25519(key.raw, sig.slice(8), utf8(`cosignature/v1\ntime ${time}\n${signed}`))) ? time : undefined;
}

export { same };
