// web/static/ed25519.js as scripts/web builds it, for scripts that hold it in themselves.
declare module "sijil-ed25519" {
  export const verify: import("../log/note.ts").Ed25519Verify;
}
