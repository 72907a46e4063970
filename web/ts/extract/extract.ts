// Package extract turns a copy into what a reader sees of it, on the reader's own
// device. It mirrors internal/extract; docs/formats/extract.md is the normative
// description. What is not read here is named, so that the person can be asked before
// it is sent anywhere.
import { readChat } from "./chat.ts";
import { encrypted, ExtractError, tooLarge, unsupported, type Copy, type Form } from "./copy.ts";
import { formOf, head, ole, zipped } from "./form.ts";
import { readHTML } from "./page.ts";
import { openArchive } from "./zip.ts";

export { ExtractError, type Copy, type Form } from "./copy.ts";

const maxFile = 10 << 20;

// Result is the copy, or the form of a file that only the service reads.
export type Result = { copy: Copy } | { form: Form; where: "service" };

// read throws ExtractError.
export async function read(file: Uint8Array): Promise<Result> {
  if (file.length > maxFile) throw tooLarge(`larger than ${maxFile} bytes (10 MiB)`);
  const { form, bytes } = await formOf(file);
  switch (form) {
    case "text":
      return { copy: { form, text: bytes, warnings: [], doubts: [] } };
    case "chat": {
      const text = utf8(bytes);
      if (text !== undefined) return { copy: { ...readChat(text), file: bytes } };
      break;
    }
    case "html": {
      const copy = readHTML(bytes);
      if (copy) return { copy: { ...copy, file: bytes } };
      break;
    }
    case "archive":
    case "rtf":
      throw unread(form, file);
  }
  return { form, where: "service" };
}

// utf8 is a text, undefined where the bytes are not UTF-8 throughout.
function utf8(b: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);
  } catch {
    return undefined;
  }
}

// unread says why a form is not read. Word locks a file inside one of its old form, and
// archives that are cut off have no form at all.
function unread(form: Form, file: Uint8Array): ExtractError {
  const start = head(file);
  if (start.startsWith(ole) && new TextDecoder("latin1").decode(file).includes("EncryptedPack".split("").join("\0"))) return encrypted();
  if (start.startsWith(zipped)) {
    try {
      openArchive(file);
    } catch (err) {
      if (err instanceof ExtractError) return err;
    }
  }
  return unsupported(form);
}
