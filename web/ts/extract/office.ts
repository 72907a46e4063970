// What reads archives: Word and OpenDocument files. It is a script of its own, loaded when
// somebody brings one, since most never do. Mirrors internal/extract/extract.go and form.go
// where they speak of archives.
import { unsupported, type Copy } from "./copy.ts";
import { readDOCX } from "./docx.ts";
import { readODT } from "./odt.ts";
import { openArchive, type Archive } from "./zip.ts";

// readArchive throws ExtractError, or an error that has its fields.
export async function readArchive(file: Uint8Array): Promise<Copy> {
  const form = await formOf(openArchive(file));
  const a = openArchive(file); // what was read to tell the form does not count
  if (form === "docx") return readDOCX(a);
  if (form === "odt") return readODT(a);
  throw unsupported("archive");
}

// formOf tells Word and OpenDocument from other archives by the parts that each of them
// must have.
async function formOf(a: Archive): Promise<"docx" | "odt" | "archive"> {
  const kind = await a.part("mimetype").catch(() => undefined);
  if (kind && new TextDecoder("latin1").decode(kind).startsWith("application/vnd.oasis.opendocument.text")) return "odt";
  if (a.has("content.xml") && a.has("META-INF/manifest.xml") && !a.has("mimetype")) return "odt";
  return a.has("[Content_Types].xml") && a.has("_rels/.rels") && [...a.names()].some((n) => n.startsWith("word/")) ? "docx" : "archive";
}
