// Package keys holds signer and verifier keys, the witness policy and the trust
// file: everything that says whom to trust. It parses; it reads no file, asks no
// network and keeps no default.
//
// Publishers and signatories sign with ECDSA P-256 (PublicKey, Signer), a log
// with Ed25519 (LogKey). A trust file pins a log's key, its witness policy and
// the genesis records of publications:
//
//	{
//	  "policy": "log log.example+7b0fde0f+AXl…\nquorum none\n",
//	  "publications": {
//	    "river": "sha256:5c9d…"
//	  },
//	  "trusted_root": {
//	    "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
//	    "tlogs": [ … ]
//	  }
//	}
package keys
