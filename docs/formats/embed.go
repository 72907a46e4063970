// Package formats gives programs the normative documents that they serve.
package formats

import _ "embed"

// VerdictSchema is the JSON Schema of a verdict.
//
//go:embed verdict.schema.json
var VerdictSchema []byte
