# Sijil. `make demo` shows the main job, `make test` passes the tests.

GO       ?= go
PORT     ?= 8080
CACHE    ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sijil
# Foreign programs, each built once, by version.
COSIGN   := $(CACHE)/cosign-v3.1.3/cosign
FSCK     := $(CACHE)/fsck-v1.0.4/fsck
WITNESS  := $(CACHE)/litewitness-v0.10.0/litewitness
TRILLIAN := $(CACHE)/trillian-v1.8.0
HELM     := $(CACHE)/helm-v3.19.0/helm
REKOR    := $(CACHE)/rekor-posix-v2.3.0/posix
NGINX    ?= $(wildcard /usr/sbin/nginx)
# A number of executions: with a duration, go test now and then takes its own
# deadline for a failure.
FUZZTIME ?= 20000x

# A program without cgo needs no C compiler to build.
export CGO_ENABLED ?= 0

.PHONY: all build hardware hardware-test demo demo-stop cluster cluster-test test check fmt vet staticcheck race fuzz fuzz-hour vuln interop roundtrip agree screenshots lighthouse web web-check web-npm web-types mutations faults bench bench-door bench-endorse bench-audit bench-bulk bench-records bench-match bench-text bench-web licences man deb sbom reproducible package-test container-test helm-test clean

all: build

build: bin/sijil bin/sijild

bin/sijil bin/sijild: FORCE
	@mkdir -p bin
	$(GO) build -trimpath -o $@ ./cmd/$(@F)

FORCE:

# Both programs with keys in tokens and in key management services, in bin/hardware.
# Tokens need cgo, and so a C compiler. make hardware [TAGS="pkcs11 awskms …"]
TAGS ?= pkcs11 awskms gcpkms azurekms hashivault
hardware:
	@mkdir -p bin/hardware
	CGO_ENABLED=$(if $(filter pkcs11,$(TAGS)),1,0) $(GO) build -trimpath -tags '$(TAGS)' -o bin/hardware/ ./cmd/sijil ./cmd/sijild

# A token in software (Debian: softhsm2), and a stand-in for a Vault; make test has
# neither.
hardware-test:
	CGO_ENABLED=1 $(GO) vet -tags '$(TAGS)' ./internal/pkcs11/... ./internal/kms ./cmd/sijild
	SIJIL_SOFTHSM=1 CGO_ENABLED=1 $(GO) test -count=1 -tags pkcs11 ./internal/pkcs11
	SIJIL_SOFTHSM=1 CGO_ENABLED=1 $(GO) test -count=1 -tags pkcs11 -run '^TestHardware$$' ./cmd/sijild
	$(GO) test -count=1 -tags hashivault ./internal/kms

# make demo [DECLARATION=FILE] [PORT=8080] [CI=1]
demo: build
	@DECLARATION="$(DECLARATION)" PORT="$(PORT)" CI="$(CI)" bash scripts/demo

demo-stop:
	@bash scripts/demo-stop

# A whole cluster on this machine (PostgreSQL: Debian's postgresql), until Ctrl-C.
# make cluster [PORT=8080] [CI=1]
cluster: build $(TRILLIAN)/trillian_log_signer
	@GO="$(GO)" TRILLIAN="$(TRILLIAN)" PORT="$(PORT)" CI="$(CI)" bash scripts/cluster

# Load from several writers over three front ends, and each part of the cluster fails:
# the leader is killed, or stopped for a while; PostgreSQL, Trillian's server and its signer
# are killed. And two that both believe they lead. CLUSTER_FAULTS=20 for more rounds.
cluster-test: $(TRILLIAN)/trillian_log_signer
	SIJIL_TRILLIAN="$(TRILLIAN)" SIJIL_PROGRAMS=1 $(GO) test -count=1 -v -timeout 30m -run '^TestCluster' ./cmd/sijild -cluster-faults $(or $(CLUSTER_FAULTS),2)
	SIJIL_PROGRAMS=1 $(GO) test -count=1 -timeout 10m -run '^TestPostgres$$' ./internal/store

# The signer is the one that is built last. Minutes, once.
$(TRILLIAN)/trillian_log_signer:
	GOBIN="$(TRILLIAN)" GOFLAGS= $(GO) install github.com/google/trillian/cmd/trillian_log_server@v1.8.0
	GOBIN="$(TRILLIAN)" GOFLAGS= $(GO) install github.com/google/trillian/cmd/trillian_log_signer@v1.8.0

# The programs' own tests drive browsers, one after the other: that takes minutes.
test:
	$(GO) test -timeout 40m ./...

# A million random mutations of copies, from several seeds: none outside
# presentation may pass, none inside be altered. make mutations [MUTATIONS=N] [SEED=N]
MUTATIONS ?= 1000000
SEED      ?= 1
mutations:
	@for i in 0 1 2 3 4; do \
		$(GO) test -count=1 -run '^TestRandomMutations$$' -timeout 60m ./internal/match \
			-mutations $$(($(MUTATIONS) / 5)) -seed $$(($(SEED) + 1000 * $$i)) || exit 1; \
	done

# Breaks things many times, each kind in turn, and prints a table of what came of it
# (docs/reliability.md). Shorter: make faults KILLS=100 SOAK=1m …; one kind: ONLY=Kill.
# TMPDIR=/dev/shm spares the disk. make test does a little of each.
KILLS    ?= 10000
SYSCALLS ?= 0
FLIPS    ?= 10000
AGES     ?= 100
FILLS    ?= 20
TWICE    ?= 100
JUMPS    ?= 100
IDLE     ?= 10000
SOAK     ?= 1h
ONLY     ?=
faults:
	@KILLS=$(KILLS) SYSCALLS=$(SYSCALLS) FLIPS=$(FLIPS) AGES=$(AGES) FILLS=$(FILLS) TWICE=$(TWICE) JUMPS=$(JUMPS) \
		IDLE=$(IDLE) SOAK=$(SOAK) ONLY="$(ONLY)" GO="$(GO)" bash scripts/faults

# What the page costs a reader: bytes, requests, time to a verdict.
bench-web:
	SIJIL_FIGURES=1 SIJIL_PROGRAMS=1 $(GO) test -count=1 -v -run '^Test(Page|Badge)Figures$$' -timeout 30m ./cmd/sijild

# Every page as a picture, by Chromium. make screenshots [SCREENSHOTS=DIR]
SCREENSHOTS ?= $(CURDIR)/bin/screenshots
screenshots:
	SIJIL_SCREENSHOTS="$(SCREENSHOTS)" SIJIL_PROGRAMS=1 $(GO) test -count=1 -run '^Test(Invited)?Screenshots$$' -timeout 60m ./cmd/sijild
	@echo "wrote $(SCREENSHOTS)"

# Lighthouse on the pages that people land on.
lighthouse: web/lighthouse/node_modules
	SIJIL_LIGHTHOUSE=1 SIJIL_PROGRAMS=1 $(GO) test -count=1 -v -run '^TestLighthouse$$' -timeout 60m ./cmd/sijild

web/lighthouse/node_modules: web/lighthouse/package.json web/lighthouse/package-lock.json
	cd web/lighthouse && npm ci --ignore-scripts && touch node_modules

# The browser's engine and the program's give 100,000 random copies the same verdict.
PAIRS ?= 100000
agree:
	SIJIL_PROGRAMS=1 $(GO) test -count=1 -v -run '^TestBrowser' -timeout 60m ./internal/match -pairs $(PAIRS)

# The browser's scripts, from web/ts into web/static; the built files are committed.
# One of them holds code from npm: without npm its committed file is taken.
web: web-npm
	@GO="$(GO)" bash scripts/web

# The committed scripts are what the sources give.
web-check: web-npm
	@GO="$(GO)" bash scripts/web-check

web-npm:
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory -s web/node_modules || echo "npm gave nothing: going on without"

# tsc over web/ts, with the version that web/package-lock.json pins.
web-types: web/node_modules
	cd web && npx tsc -p .

web/node_modules: web/package.json web/package-lock.json
	cd web && npm ci --ignore-scripts && touch node_modules

# What a change has to pass.
check: fmt vet staticcheck web-check race fuzz vuln

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
	@GO="$(GO)" FUZZTIME="$(FUZZTIME)" TARGETS="$(TARGETS)" bash scripts/fuzz

# Every target for an hour: some two days on one core. TARGETS is a pattern of names.
fuzz-hour:
	@GO="$(GO)" FUZZTIME=1h TARGETS="$(TARGETS)" bash scripts/fuzz

vuln:
	@GO="$(GO)" bash scripts/vuln

# Real files, made by Chromium and LibreOffice, and pictures, read by tesseract; make
# test skips what is not installed, this does not.
roundtrip:
	SIJIL_PROGRAMS=1 $(GO) test -count=1 -v -run '^(TestRoundTrips|TestPictures|TestBadPictures)$$' ./internal/files
	SIJIL_PROGRAMS=1 $(GO) test -count=1 -run '^TestCorpusInPDF$$' ./internal/match -every-pdf 1

# Programs that we did not write check what we publish.
interop: build $(COSIGN) $(FSCK) $(WITNESS)
	SIJIL_COSIGN="$(COSIGN)" SIJIL_FSCK="$(FSCK)" SIJIL_LITEWITNESS="$(WITNESS)" \
		$(GO) test -count=1 -run '^(TestCosign|TestCosignEndorses|TestCosignFromLink|TestFsck|TestLitewitness|TestStockTlog)$$' -v ./cmd/sijild

$(COSIGN):
	GOBIN="$(@D)" GOFLAGS= $(GO) install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3

$(FSCK):
	GOBIN="$(@D)" GOFLAGS= $(GO) install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4

# It wants a newer Go, which the go command fetches; where that is not to be had,
# the version before does.
$(WITNESS):
	GOBIN="$(@D)" GOFLAGS= GOTOOLCHAIN=auto $(GO) install filippo.io/torchwood/cmd/litewitness@v0.10.0 || \
		GOBIN="$(@D)" GOFLAGS= $(GO) install filippo.io/torchwood/cmd/litewitness@v0.9.0

$(REKOR):
	GOBIN="$(@D)" GOFLAGS= $(GO) install github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0

# Every figure beside a yardstick in the same run. Without nginx (Debian:
# nginx-light) the static reads have none.
bench: build $(REKOR) bench-audit
	SIJIL_REKOR="$(REKOR)" SIJIL_NGINX="$(NGINX)" $(GO) test -run '^$$' -bench . -benchtime 2s -timeout 30m ./cmd/sijild
	$(GO) test -run '^$$' -bench Export -benchtime 3x -timeout 10m ./internal/tilewriter

# Entries through the door, beside rekor-tiles' POSIX server.
bench-door: build $(REKOR)
	SIJIL_REKOR="$(REKOR)" $(GO) test -run '^$$' -bench '^BenchmarkDoor$$' -benchtime 3s -timeout 10m ./cmd/sijild

# Endorsements through HTTP, beside bare ECDSA verification.
bench-endorse:
	$(GO) test -run '^$$' -bench 'Endorse' -benchtime 2s -timeout 10m ./cmd/sijild

# Imports N endorsers, SIGNED in a hundred of them with a signature, and reads their pages.
SIGNED ?= 100
bench-bulk:
	SIJIL_BULK_N="$(N)" SIJIL_BULK_SIGNED="$(SIGNED)" $(GO) test -run '^$$' -bench '^BenchmarkBulk$$' -benchtime 1x -timeout 180m ./cmd/sijild

# Holds N records about list entries: start, memory, first and next reading. DATA names a
# folder to keep them in, or that has them.
bench-records:
	SIJIL_RECORDS_N="$(N)" SIJIL_RECORDS_DATA="$(DATA)" $(GO) test -run '^$$' -bench '^BenchmarkRecords$$' -benchtime 1x -timeout 180m ./cmd/sijild

# Audits a log of N entries, made once in CACHE, beside Tessera's fsck.
N ?= 1000000
bench-audit: build $(FSCK)
	SIJIL_AUDIT_CACHE="$(CACHE)" SIJIL_AUDIT_N="$(N)" SIJIL_BIN="$(CURDIR)/bin/sijil" SIJIL_FSCK="$(FSCK)" \
		$(GO) test -run '^$$' -bench '^BenchmarkAudit$$' -benchtime 1x -timeout 60m ./internal/audit

# Finds copies among TEXTS synthetic texts, beside SHA-256 of the copies, and
# compares texts of 1,000 and 200,000 words. A million take some ten minutes.
TEXTS ?= 1000000
bench-match:
	SIJIL_TEXTS="$(TEXTS)" $(GO) test -run '^$$' -bench '^BenchmarkSearch$$' -benchtime 1x -timeout 60m ./internal/match/shingle
	$(GO) test -run '^$$' -bench '^BenchmarkLookUp$$' -benchtime 1x -timeout 60m ./internal/match
	$(GO) test -run '^$$' -bench '^Benchmark(Check|Difference)$$' -timeout 10m ./internal/match

# The canonical form, beside SHA-256 of the same bytes.
bench-text:
	$(GO) test -run '^$$' -bench '^Benchmark(Digest|Parse|SHA256)$$' ./internal/text

licences:
	@bash scripts/licences

# A manual page for every command, in bin/package/man.
man:
	@GO="$(GO)" bash scripts/man bin/package/man
	@echo "wrote bin/package/man"

# bin/sijil_VERSION_amd64.deb; the version is git describe's.
deb: build
	@GO="$(GO)" bash scripts/deb

# What is linked into the programs, as CycloneDX: bin/*.cdx.json.
sbom: build
	@GO="$(GO)" bash scripts/sbom

# Builds the commit twice, in different folders: the same programs, the same package.
reproducible:
	@bash scripts/reproducible

# Installs the package into a clean Debian (root, debootstrap), serves, publishes,
# verifies, upgrades and removes it.
package-test: deb
	@GO="$(GO)" bash scripts/package-test

# Builds the image with podman (CONTAINER=docker: with docker), serves from it,
# publishes, verifies, stops and starts again. IMAGE=sijil takes one that was built.
container-test: bin/sijil
	@CONTAINER="$(or $(CONTAINER),podman)" BUILD_OPTIONS="$(BUILD_OPTIONS)" IMAGE="$(IMAGE)" bash scripts/container-test

# The chart, with and without a host name: lint, and what it renders.
helm-test: $(HELM)
	$(HELM) lint --strict --quiet deploy/helm/sijil
	$(HELM) template sijil deploy/helm/sijil >/dev/null
	$(HELM) lint --strict --quiet deploy/helm/sijil --set host=sijil.example.org
	$(HELM) template sijil deploy/helm/sijil --set host=sijil.example.org --set tlsSecret=sijil-tls | grep -q 'secretName: sijil-tls'

# Minutes, once.
$(HELM):
	GOBIN="$(@D)" GOFLAGS= $(GO) install helm.sh/helm/v3/cmd/helm@v3.19.0

clean:
	rm -rf bin
