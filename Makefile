# Sijil. `make demo` shows the main job, `make test` passes the tests.

GO       ?= go
PORT     ?= 8080
CACHE    ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sijil
COSIGN   := $(CACHE)/cosign-v3.1.3/cosign
# A number of executions: with a duration, go test now and then takes its own
# deadline for a failure.
FUZZTIME ?= 20000x

# A program without cgo needs no C compiler to build.
export CGO_ENABLED ?= 0

.PHONY: all build demo demo-stop test check fmt vet staticcheck race fuzz vuln interop cosign bench bench-audit licences clean

all: build

build: bin/sijil bin/sijild

bin/sijil bin/sijild: FORCE
	@mkdir -p bin
	$(GO) build -trimpath -o $@ ./cmd/$(@F)

FORCE:

# make demo [DECLARATION=FILE] [PORT=8080] [CI=1]
demo: build
	@DECLARATION="$(DECLARATION)" PORT="$(PORT)" CI="$(CI)" bash scripts/demo

demo-stop:
	@bash scripts/demo-stop

test:
	$(GO) test ./...

# What a change has to pass.
check: fmt vet staticcheck race fuzz vuln

fmt:
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$out" ] || { echo "not formatted:"; echo "$$out"; exit 1; }

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) tool staticcheck ./...

# The race detector needs a C compiler.
race:
	CGO_ENABLED=1 $(GO) test -race -short ./...

fuzz:
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" bash scripts/fuzz

vuln:
	@GO="$(GO)" bash scripts/vuln

# Stock cosign checks what we publish. It is built once into CACHE.
interop: build cosign
	SIJIL_COSIGN="$(COSIGN)" $(GO) test -count=1 -run '^TestCosign$$' -v ./cmd/sijild

cosign: $(COSIGN)

$(COSIGN):
	GOBIN="$(@D)" GOFLAGS= $(GO) install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3

bench:
	$(GO) test -run '^$$' -bench . -benchtime 2s -timeout 30m ./cmd/sijild

# Audits a log of N entries, made once in CACHE. FSCK=FILE names Tessera's fsck,
# to be run beside it.
N ?= 1000000
bench-audit: build
	SIJIL_AUDIT_CACHE="$(CACHE)" SIJIL_AUDIT_N="$(N)" SIJIL_BIN="$(CURDIR)/bin/sijil" SIJIL_FSCK="$(FSCK)" \
		$(GO) test -run '^$$' -bench '^BenchmarkAudit$$' -benchtime 1x -timeout 60m ./internal/audit

licences:
	@bash scripts/licences

clean:
	rm -rf bin
