// Ed25519 for browsers whose Web Crypto has none. The arithmetic is @noble/curves', in
// the version that was audited (docs/decisions/0010-browser.md); this file becomes one
// script, which is loaded where it is needed and nowhere else.
import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE } from "@noble/curves/utils.js";
import { concat } from "../log/bytes.ts";
import type { Ed25519Verify } from "../log/note.ts";

const { Point } = ed25519;

// verify accepts nothing that crypto/ed25519 of Go refuses:
//
//  1. the library's own check by the rules of RFC 8032 and FIPS 186-5: S below the group's
//     order, both points in their one encoding. It also refuses keys of small order, under
//     which one signature holds for many messages; Go takes those.
//  2. the equation without the cofactor, SB = R + kA, as Go computes it. The library's is
//     multiplied by 8, so that whoever has a key could make signatures that hold in one
//     place and not in the other.
export const verify: Ed25519Verify = async (key, signature, message) => {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (!ed25519.verify(signature, message, key, { zip215: false })) return false;
  const r = signature.slice(0, 32);
  const k = Point.Fn.create(bytesToNumberLE(new Uint8Array(await crypto.subtle.digest("SHA-512", concat(r, key, message)))));
  const right = Point.fromBytes(r).add(Point.fromBytes(key).multiplyUnsafe(k));
  return Point.BASE.multiplyUnsafe(bytesToNumberLE(signature.slice(32))).equals(right);
};
