// Package jcs encodes JSON in the canonical form of RFC 8785. It mirrors
// internal/jcs.

export type JSONValue = null | boolean | number | string | JSONValue[] | { [name: string]: JSONValue };

// encode returns the canonical JSON of a value. Strings and numbers are written as
// JSON.stringify writes them, which is what the RFC prescribes; a lone surrogate or
// a number that is not finite throws.
export function encode(value: JSONValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error("jcs: a number is not finite");
    return JSON.stringify(value);
  }
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new Error("jcs: a string holds a lone surrogate");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(encode).join(",")}]`;
  const names = Object.keys(value).sort(); // by UTF-16 code unit, as the RFC orders
  return `{${names.map((n) => `${encode(n)}:${encode(value[n] as JSONValue)}`).join(",")}}`;
}
