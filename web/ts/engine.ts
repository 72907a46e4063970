// What a page needs to check a copy on the reader's own device.
export { parseTrust, type Trust } from "./keys/policy.ts";
export { EvidenceError, openPublication, type Memory, type Publication } from "./evidence/evidence.ts";
export { standings } from "./endorsement/standing.ts";
export { checkEvidence, indexOf, uncheckedFor } from "./evidence/check.ts";
export { check, newIndex } from "./match/match.ts";
export { fingerprints } from "./match/shingle.ts";
export { ExtractError, read } from "./extract/extract.ts";
export * as office from "./extract/office.ts";
