package sigstore_test

import (
	"testing"
	"time"

	prototrustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/sijil/sijil/internal/logtest"
)

// TestStockSigningConfig: stock clients read the signing config, and choose this
// log and nothing beside it, from the log's first moment on.
func TestStockSigningConfig(t *testing.T) {
	l := logtest.New(t, "https://log.example")
	b, err := l.Trust().SigningConfigJSON()
	if err != nil {
		t.Fatal(err)
	}
	sc, err := root.NewSigningConfigFromJSON(b)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if len(sc.FulcioCertificateAuthorityURLs())+len(sc.OIDCProviderURLs())+len(sc.TimestampAuthorityURLs()) > 0 {
		t.Errorf("names services that there are not: %s", b)
	}
	if c := sc.RekorLogURLsConfig(); c.Selector != prototrustroot.ServiceSelector_ANY {
		t.Errorf("selector %v, want ANY", c.Selector)
	}
	choose := func(versions []uint32, at time.Time) ([]root.Service, error) {
		return root.SelectServices(sc.RekorLogURLs(), sc.RekorLogURLsConfig(), versions, at)
	}
	got, err := choose([]uint32{1, 2}, logtest.Start)
	if err != nil || len(got) != 1 || got[0].URL != "https://log.example" || got[0].MajorAPIVersion != 2 || got[0].Operator != "log.example" {
		t.Errorf("chosen: %+v, %v", got, err)
	}
	if got, err := choose([]uint32{2}, logtest.Start.Add(-time.Second)); err == nil {
		t.Errorf("before the log's creation: %+v", got)
	}
	if got, err := choose([]uint32{1}, logtest.Start); err == nil {
		t.Errorf("for Rekor v1 clients: %+v", got)
	}
}
