// The script that verifies Ed25519 where the browser does not.
import { ed25519 } from "../log/ed25519.ts";
import type { Ed25519Verify } from "../log/note.ts";
import { pinned } from "./pin.ts";

// Set when scripts are built: the file and its digest.
declare const ED25519: string;
declare const ED25519_INTEGRITY: string;

// pinnedEd25519 takes it from where the running script came from. It is kept for when
// there is no network, where there is a worker: on pages of the service.
export const pinnedEd25519 = (): Promise<Ed25519Verify> =>
  ed25519(async () => {
    const address = new URL(ED25519, import.meta.url).href;
    const { verify } = await pinned<{ verify: Ed25519Verify }>(address, ED25519_INTEGRITY).catch(() => {
      throw new Error(`${address}: is not to be had, or is another file than it was`);
    });
    if (new URL(address).origin === location.origin) void navigator.serviceWorker?.ready.then((r) => r.active?.postMessage({ keep: [address] }));
    return verify;
  });
