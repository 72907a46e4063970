// How long a recovery stood in public. Mirrors recovery.go of internal/chain.
import type { Policy } from "../keys/policy.ts";
import { utf8 } from "../log/bytes.ts";
import { openCheckpoint } from "../log/checkpoint.ts";
import type { Ed25519Verify } from "../log/note.ts";
import type { Judge } from "./chain.ts";

const day = 24 * 60 * 60; // seconds

// judgeBy judges under a witness policy. index says where in the log a record stands.
export function judgeBy(p: Policy, ed25519: Ed25519Verify, index: (record: string) => number | undefined): Judge {
  return async (recovery, days, proof) => {
    if (!p.quorum) throw new Error("without witnesses nobody can say how long it stood in public");
    const at = index(recovery);
    if (at === undefined) throw new Error("the recovery is not in the log");
    const covered = await openCheckpoint(utf8(proof.covered), p, ed25519);
    const later = await openCheckpoint(utf8(proof.later), p, ed25519);
    if (covered.size <= at) throw new Error(`the checkpoint of ${covered.size} entries does not cover it, at index ${at}`);
    if (later.size < covered.size) throw new Error("the later checkpoint is of a smaller tree");
    const passed = later.quorum.at - covered.quorum.at;
    if (passed < days * day) throw new Error(`it stood in public for ${Math.floor(passed / day)} days; ${days} have to pass`);
  };
}
