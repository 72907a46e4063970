// Bytes, digests and strict encodings.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = /* @__PURE__ */ new TextEncoder();
export const utf8 = (s: string): Bytes => encoder.encode(s) as Bytes;

const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// text reads UTF-8; it throws where the bytes are none.
export const text = (b: Uint8Array) => decoder.decode(b);

export const hex = (b: Uint8Array) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

export const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((x, i) => x === b[i]);

export const concat = (...parts: Uint8Array[]): Bytes => Uint8Array.from(parts.flatMap((p) => [...p]));

export const sha256 = async (b: Uint8Array): Promise<Bytes> => new Uint8Array(await crypto.subtle.digest("SHA-256", b as Bytes));

// toBase64 and fromBase64 are of RFC 4648 with padding. What is not in its one encoding
// throws.
export const toBase64 = (b: Uint8Array) => btoa(Array.from(b, (x) => String.fromCharCode(x)).join(""));

export function fromBase64(s: string): Bytes {
  const b = Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
  if (toBase64(b) !== s) throw new Error("base64: not in its one encoding");
  return b;
}

// fromBase64URL is base64url without padding.
export const fromBase64URL = (s: string) => {
  if (/[^A-Za-z0-9_-]/.test(s)) throw new Error("base64url: not in its one encoding");
  return fromBase64(s.replace(/-/g, "+").replace(/_/g, "/") + "===".slice(0, (4 - (s.length % 4)) % 4));
};
export const toBase64URL = (b: Uint8Array) => toBase64(b).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

// A digest is written "sha256:" and 64 hexadecimal digits.
export const digestText = (b: Uint8Array) => `sha256:${hex(b)}`;
export const isDigest = (s: unknown): s is string => typeof s === "string" && /^sha256:[0-9a-f]{64}$/.test(s) && !/^sha256:0{64}$/.test(s);
