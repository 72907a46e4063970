// The script of the pages: it adds what a page without scripts cannot do, a check on
// the reader's own device. Every page works without it.
export {};
