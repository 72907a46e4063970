// Strict JSON documents: in RFC 8785 form, with the members that are wanted and no
// others.
import { text } from "../log/bytes.ts";
import { encode, type JSONValue } from "./jcs.ts";

export type Members = { [name: string]: JSONValue };

// parseCanonical reads JSON in its one encoding; else it throws.
export function parseCanonical(b: Uint8Array, what: string, most: number): JSONValue {
  if (b.length > most) throw new Error(`${what}: over ${most} bytes`);
  const s = text(b);
  const v = JSON.parse(s) as JSONValue;
  if (encode(v) !== s) throw new Error(`${what}: not in the one encoding (RFC 8785)`);
  return v;
}

// members reads an object that has the wanted members and no others; optional ones end
// with "?".
export function members(v: JSONValue | undefined, what: string, ...names: string[]): Members {
  if (typeof v !== "object" || v === null || Array.isArray(v)) throw new Error(`${what}: want an object`);
  const known = new Set(names.map((n) => n.replace(/\?$/, "")));
  for (const n of Object.keys(v)) if (!known.has(n)) throw new Error(`${what}: unknown member ${n.slice(0, 40)}`);
  for (const n of names) if (!n.endsWith("?") && !(n in v)) throw new Error(`${what}: ${n} is missing`);
  return v;
}

export function str(v: JSONValue | undefined, what: string): string {
  if (typeof v !== "string") throw new Error(`${what}: want a string`);
  return v;
}

export function int(v: JSONValue | undefined, what: string, least = 0): number {
  if (typeof v !== "number" || !Number.isSafeInteger(v) || v < least) throw new Error(`${what}: want a whole number from ${least} on`);
  return v;
}

export function list(v: JSONValue | undefined, what: string, most: number): JSONValue[] {
  if (!Array.isArray(v) || v.length > most) throw new Error(`${what}: want a list of at most ${most}`);
  return v;
}

// decimal reads a number that is written as a string.
export function decimal(v: JSONValue | undefined, what: string): number {
  const s = str(v, what);
  const n = Number(s);
  if (!/^(0|[1-9][0-9]*)$/.test(s) || !Number.isSafeInteger(n)) throw new Error(`${what}: want a number in decimal`);
  return n;
}
