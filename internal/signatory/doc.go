// Package signatory holds signatory lists: who stands under a version, what the
// version's record commits to, and which names are still public.
//
// Each entry of a list is an SD-JWT array element disclosure (RFC 9901, section
// 4.2.2): the base64url form of the JSON array [salt, signatory]. Its SHA-256
// digest is the entry's commitment. The record holds the commitments alone, in
// list order; the disclosures lie beside it. Taking a disclosure away withholds
// a name for good, since the salt goes with it, and no proof changes.
//
//	signatory    {"kind":"organisation","language":"en","name":"Delta Watch"}
//	salt         AAECAwQFBgcICQoLDA0ODw
//	array        ["AAECAwQFBgcICQoLDA0ODw",{"kind":"organisation","language":"en","name":"Delta Watch"}]
//	disclosure   WyJBQUVDQXdRRkJnY0lDUW9MREEwT0R3Iix7ImtpbmQiOiJvcmdhbmlzYXRpb24iLCJsYW5ndWFnZSI6ImVuIiwibmFtZSI6IkRlbHRhIFdhdGNoIn1d
//	commitment   Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY
//
// The commitments document is the RFC 8785 array of the commitments; its SHA-256
// is the statement subject "signatories". The public file signatories.json
// joins it with the disclosures that are still public, null for a withheld one.
//
// Every parser accepts one encoding only and proves it by encoding again. The
// package is no list comparison and no repair shop: it keeps what it is given,
// or refuses it. docs/formats/signatories.md is the normative text; these bytes
// do not change once a version is published.
package signatory
