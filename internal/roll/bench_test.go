package roll

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// BenchmarkSigned is what a signed row costs the tool that imports it, and the service that
// takes it, beside the one signature check that both make of it; on one processor, without
// file, network and database.
func BenchmarkSigned(b *testing.B) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := keys.NewSigner(private)
	if err != nil {
		b.Fatal(err)
	}
	const rows = 100
	text := log.Sum([]byte("text"))
	place := Place{Log: statement.LogName{Origin: "sijil.example", KeyID: log.Sum([]byte("log"))}, Publication: log.Sum([]byte("genesis")),
		Version: statement.VersionName{Number: 1, Record: log.Sum([]byte("version"))}, Texts: map[string]log.Digest{"en": text}}
	spki := signer.Public().SPKI()
	var disclosures []signatory.Disclosure
	var bundles [][]byte
	var digests [][]byte
	var signatures [][]byte
	var body []byte
	for i := range rows {
		d, err := signatory.Disclose(signatory.Signatory{Name: fmt.Sprintf("Amina Saleh %d", i), Kind: signatory.Person, Country: "EG"}, [signatory.SaltSize]byte{byte(i)})
		if err != nil {
			b.Fatal(err)
		}
		payload, err := statement.EncodeClaim(&statement.Endorsement{Text: statement.ReadText{Language: "en", SHA256: text},
			About: statement.About{Entry: d.Digest(), Issued: "2026-02-03T04:05:06Z", Log: place.Log, Publication: place.Publication, Version: place.Version}})
		if err != nil {
			b.Fatal(err)
		}
		bundle, err := signer.Sign(rand.Reader, payload)
		if err != nil {
			b.Fatal(err)
		}
		data, err := bundle.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		line, err := Row{Disclosure: d, Claim: &Claim{Issued: "2026-02-03T04:05:06Z", Key: spki, Language: "en", Signature: bundle.Signature()}}.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		digest := bundle.Envelope.Digest()
		disclosures, bundles, body = append(disclosures, d), append(bundles, data), append(body, line...)
		digests, signatures = append(digests, digest[:]), append(signatures, bundle.Signature())
	}
	b.Run("bare", func(b *testing.B) {
		for i := range b.N {
			if !ecdsa.VerifyASN1(signer.Public().ECDSA(), digests[i%rows], signatures[i%rows]) {
				b.Fatal("a signature does not verify")
			}
		}
	})
	b.Run("tool", func(b *testing.B) {
		for i := range b.N {
			e, err := OpenBundle(disclosures[i%rows], bundles[i%rows], spki, place)
			if err == nil {
				_, err = e.Row.Marshal()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("service", func(b *testing.B) {
		var list []Row
		for i := range b.N {
			if i%rows == 0 {
				if list, err = ParseRows(body); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := list[i%rows].Open(place); err != nil {
				b.Fatal(err)
			}
		}
	})
}
