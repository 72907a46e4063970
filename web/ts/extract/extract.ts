// Package extract turns a copy into what a reader sees of it, on the reader's own
// device. It mirrors internal/extract; docs/formats/extract.md is the normative
// description. What is not read here is named, so that the person can be asked before
// it is sent anywhere. What reads archives is a script of its own (office.ts).
import { readChat } from "./chat.ts";
import { encrypted, ExtractError, tooLarge, unsupported, type Copy, type Form } from "./copy.ts";
import { formOf, head, ole, zipped } from "./form.ts";
import { readHTML } from "./page.ts";

export { ExtractError, type Copy, type Form } from "./copy.ts";

const maxFile = 10 << 20;

// Result is the copy, or the form of a file that only the service reads.
export type Result = { copy: Copy } | { form: Form; where: "service" };

// Office gets what reads archives, which Word and OpenDocument files are.
export type Office = () => Promise<Pick<typeof import("./office.ts"), "readArchive">>;

// read throws ExtractError. Where office is not to be had, archives are left to the
// service.
export async function read(file: Uint8Array, office: Office): Promise<Result> {
  if (file.length > maxFile) throw tooLarge(`larger than ${maxFile} bytes (10 MiB)`);
  if (head(file).startsWith(zipped)) {
    const o = await office().catch(() => undefined);
    return o ? { copy: await o.readArchive(file).catch(own) } : { form: "archive", where: "service" };
  }
  const { form, bytes } = formOf(file);
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

// own makes an error of another script, which has a class of its own, one of this.
function own(e: unknown): never {
  throw e instanceof Error && "code" in e && "hint" in e ? new ExtractError(String(e.code), e.message, String(e.hint)) : e;
}

// utf8 is a text, undefined where the bytes are not UTF-8 throughout.
function utf8(b: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b);
  } catch {
    return undefined;
  }
}

// unread says why a form is not read. Word locks a file inside one of its old form.
function unread(form: Form, file: Uint8Array): ExtractError {
  const locked = head(file).startsWith(ole) && new TextDecoder("latin1").decode(file).includes("EncryptedPack".split("").join("\0"));
  return locked ? encrypted() : unsupported(form);
}
