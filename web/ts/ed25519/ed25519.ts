// Ed25519 signatures (RFC 8032), verified where Web Crypto has none. Only public values are
// worked on, so nothing here has to take the same time always. It is held to Go's
// crypto/ed25519 by internal/evidence's tests: the equation without the cofactor, and S
// below the order.
import type { Ed25519Verify } from "../log/note.ts";

const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (a: bigint, m = p) => ((a % m) + m) % m;

function power(base: bigint, exponent: bigint): bigint {
  let out = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % p) if (e & 1n) out = (out * b) % p;
  return out;
}

const d = mod(-121665n * power(121666n, p - 2n));
const root = power(2n, (p - 1n) / 4n); // of -1

// Point is in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
type Point = readonly [X: bigint, Y: bigint, Z: bigint, T: bigint];

const zero: Point = [0n, 1n, 1n, 0n];

function add([X1, Y1, Z1, T1]: Point, [X2, Y2, Z2, T2]: Point): Point {
  const a = (Y1 - X1) * (Y2 - X2);
  const b = (Y1 + X1) * (Y2 + X2);
  const c = T1 * 2n * d * T2;
  const e = Z1 * 2n * Z2;
  const [f, g, h, i] = [mod(b - a), mod(e - c), mod(e + c), mod(b + a)];
  return [mod(f * g), mod(h * i), mod(g * h), mod(f * i)];
}

function times(n: bigint, point: Point): Point {
  let out = zero;
  for (let q = point, k = n; k > 0n; k >>= 1n, q = add(q, q)) if (k & 1n) out = add(out, q);
  return out;
}

function little(b: Uint8Array): bigint {
  return BigInt(`0x${Array.from(b, (x) => x.toString(16).padStart(2, "0")).reverse().join("")}`);
}

// decode returns the point of an encoding; undefined when there is none.
function decode(b: Uint8Array): Point | undefined {
  const all = little(b);
  const sign = all >> 255n;
  const y = mod(all & (2n ** 255n - 1n));
  const [u, v] = [mod(y * y - 1n), mod(d * y * y + 1n)];
  let x = mod(u * v ** 3n * power(mod(u * v ** 7n), (p - 5n) / 8n));
  const check = mod(v * x * x);
  if (check === mod(-u)) x = mod(x * root);
  else if (check !== u) return undefined;
  if ((x & 1n) !== sign) x = mod(-x);
  return [x, y, 1n, mod(x * y)];
}

function encode([X, Y, Z]: Point): bigint {
  const inverse = power(Z, p - 2n);
  return mod(Y * inverse) | ((mod(X * inverse) & 1n) << 255n);
}

const base = decode(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x58 : 0x66))) as Point;

export const verify: Ed25519Verify = async (key, signature, message) => {
  const a = key.length === 32 ? decode(key) : undefined;
  const s = little(signature.subarray(32));
  if (!a || signature.length !== 64 || s >= order) return false;
  const input = new Uint8Array(64 + message.length);
  input.set(signature.subarray(0, 32));
  input.set(key, 32);
  input.set(message, 64);
  const k = mod(little(new Uint8Array(await crypto.subtle.digest("SHA-512", input))), order);
  const minus: Point = [mod(-a[0]), a[1], 1n, mod(-a[3])];
  return encode(add(times(s, base), times(k, minus))) === little(signature.subarray(0, 32));
};
