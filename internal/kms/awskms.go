//go:build awskms

package kms

import _ "github.com/sigstore/sigstore/pkg/signature/kms/aws" // registers itself
