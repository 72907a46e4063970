// What reading a file gives: the copy, or the error. Mirrors internal/extract/extract.go
// and form.go's words for the forms.

export type Form = "text" | "html" | "markdown" | "chat" | "eml" | "docx" | "odt" | "pdf" | "archive" | "rtf" | "picture";

// Copy is what a reader sees of a file, in UTF-8. Offsets are of bytes of text.
export interface Copy {
  form: Form;
  text: Uint8Array;
  file?: Uint8Array; // the file itself where it is text too
  warnings: Warning[];
  doubts: Doubt[];
}

export interface Warning { code: string; at: number; detail: string }

// Doubt is a passage where what is shown may be another text. Nobody may call it
// authentic.
export interface Doubt { at: number; end: number; detail: string }

// ExtractError says why nothing was extracted and what to do about it; the codes are
// those of docs/formats/extract.md.
export class ExtractError extends Error {
  code: string;
  hint: string;
  constructor(code: string, detail: string, hint: string) {
    super(detail);
    this.code = code;
    this.hint = hint;
  }
}

const alone = "check the declaration alone, without what surrounds it";
const elsewise = "ask whoever sent the file for another copy, or copy the text out of it and check that";

export const tooLarge = (detail: string) => new ExtractError("too-large", detail, alone);
export const tooDeep = () => new ExtractError("too-deep", "its parts are nested too deep", alone);
export const damaged = (detail: string) => new ExtractError("damaged-file", detail, elsewise);
export const expands = (detail = "a compressed part grows beyond what is read") => new ExtractError("expands-too-much", detail, alone);
export const encrypted = () =>
  new ExtractError("encrypted-file", "the file is locked with a password", "open it with the password, copy the text, and check what you copied");

const open = (what: string, do_ = "mark the text, copy it") => `open the ${what}, ${do_}, and check what you copied`;

// about says what a form is in words, and what somebody who holds a file of it that
// could not be read can do.
const about: Record<Form, [name: string, advice: string]> = {
  text: ["plain text", ""],
  html: ["a web page's source", open("page", "mark the declaration, copy it")],
  markdown: ["a Markdown text", "show the text as it is meant to be read, copy it, and check what you copied"],
  chat: ["an exported chat", "copy the message alone, and check what you copied"],
  eml: ["a mail", open("mail")],
  docx: ["a Word file", open("document")],
  odt: ["an OpenDocument text", open("document")],
  pdf: ["a PDF", open("PDF")],
  archive: ["an old Word file, or an archive", open("document")],
  rtf: ["a rich text file", open("document")],
  picture: ["a picture", "type or dictate the words that matter, or ask whoever sent the picture for the text"],
};

export const noText = (form: Form) => new ExtractError("no-text", `${about[form][0]} in which no words are shown`, about[form][1]);
export const unsupported = (form: Form) => new ExtractError("unsupported-form", `this is ${about[form][0]}; it cannot be read here`, about[form][1]);
