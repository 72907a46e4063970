// Which Ed25519 this browser verifies with.
import { fromBase64 } from "./bytes.ts";
import { webCryptoEd25519, type Ed25519Verify } from "./note.ts";

// The first test of RFC 8032, 7.1: the signature of the empty message.
const key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const signature = "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==";

let chosen: Promise<Ed25519Verify> | undefined;

// ed25519 returns the browser's own where that verifies a signature known to be good,
// and what load gives where it does not. A load that failed is tried again.
export function ed25519(load: () => Promise<Ed25519Verify>): Promise<Ed25519Verify> {
  chosen ??= webCryptoEd25519(fromBase64(key), fromBase64(signature), new Uint8Array()).then(
    (good) => (good ? webCryptoEd25519 : load()),
    () => load(),
  );
  chosen.catch(() => (chosen = undefined));
  return chosen;
}
