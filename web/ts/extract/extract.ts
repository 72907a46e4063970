// Turns a copy into what a reader sees of it, on the reader's own device: plain text and
// chats. What other forms show is read by the service, if the person sends them. Mirrors
// internal/extract.
import type { Copy } from "../match/match.ts";
import { readChat } from "./chat.ts";
import { formOf, type Form } from "./form.ts";
import { ExtractError } from "./lines.ts";

export { ExtractError } from "./lines.ts";

const maxFile = 10 << 20;

// read returns the copy, or the form that only the service reads. It throws
// ExtractError.
export function read(file: Uint8Array): { copy: Copy } | { form: Form } {
  if (file.length > maxFile) throw new ExtractError("too-large", `larger than ${maxFile} bytes (10 MiB)`, "check the declaration alone, without what surrounds it");
  const { form, bytes } = formOf(file);
  if (form === "text") return { copy: { form, text: bytes, warnings: [], doubts: [] } };
  return form === "chat" && isUTF8(bytes) ? { copy: readChat(bytes) } : { form };
}

function isUTF8(b: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(b);
    return true;
  } catch {
    return false;
  }
}
