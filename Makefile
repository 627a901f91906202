# Asterism. `make run` starts a demo PBX, `make test` proves everything; both install what is missing (Debian's packages).
# Every target is plain lines, so the same works by hand: go test ./... alone is fine once `make setup-test` has run.

SHELL := /bin/bash
T     ?= 30s
RUN   ?= run
BIN   ?= bin
# What we hand out runs on any Linux of its architecture: nothing is loaded at run time, not even libc. Names are then looked up by
# Go's resolver, which reads resolv.conf and hosts. A plain `go build` needs glibc and libopus' shared libraries. Without the tag nolibopusfile the Opus binding wants libopusfile, too.
STATIC := -tags=netgo,osusergo,nolibopusfile -ldflags="-linkmode=external '-extldflags=-static -lm'"
# make test V=-v names every unit test, as CI does.
V     ?=

.DEFAULT_GOAL := all
.NOTPARALLEL:
.PHONY: all build vet unit run test race scenes fuzz bench lint testsuite clean setup setup-test help

all: build vet unit ## build, vet and unit tests, under a minute

build: setup ## bin/asterism, and bin/asterisk for those who know it by that name
	go build $(STATIC) -o $(BIN)/asterism ./cmd/asterism
	@ln -sf asterism $(BIN)/asterisk

vet: setup
	go vet ./...

unit: setup ## unit tests without the scenes
	go test -short ./...

run: build ## start the demo PBX; the first time its configuration is made in run/etc
	@[ -d $(RUN)/etc ] || $(BIN)/asterism init $(RUN)/etc
	@exec $(BIN)/asterism run --etc $(RUN)/etc --data $(RUN) $(ARGS)

test: setup setup-test lint race scenes ## everything: linters, unit tests and fuzz seeds with -race, scenes with real peers

race: setup-test ## unit tests and fuzz seeds with the race detector
	go test -race -short -count=1 -timeout 10m $(V) ./...

scenes: setup-test ## real calls: our binary with baresip and sipp; 200 calls without a lost packet, 10000 that leave nothing behind, a conference people come to and leave
	CI=true go test -v -count=1 -timeout 15m ./tests
	go test -v -count=1 -timeout 15m -run 'TestNoLoss|TestShortCalls|TestSoak' ./tests/bench

lint: setup-test ## gofmt, go vet, staticcheck
	@unformatted="$$(gofmt -l .)"; [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

fuzz: setup-test ## every fuzz target for a while: make fuzz T=30s
	@.ci/fuzz $(T)

bench: setup-test build ## Go benchmarks, then a load on the loopback: what a packet, a call, a registration cost, and did before
	go test -run '^$$' -bench . -benchmem ./...
	go build $(TAGS) -o bin/bench ./tests/bench
	$$(command -v taskset >/dev/null && [ "$$(nproc)" -gt 1 ] && echo taskset -c 1-$$(($$(nproc)-1))) bin/bench $(ARGS)

testsuite: setup ## Asterisk's own tests against our binary: make testsuite DIR=path/to/testsuite [STARPY=path] [TESTS="tests/…"]
	@tests/testsuite/run "$(DIR)" "$(STARPY)" $(TESTS)

clean: ## remove bin/ and cached test results; run/ stays
	rm -rf $(BIN)
	go clean -testcache

setup: # what a build needs
	@.ci/need gcc libc6-dev pkg-config libopus-dev libopusfile-dev

setup-test: setup # what the tests need beside
	@.ci/need baresip-core sip-tester lua5.1 sox libsox-fmt-base ffmpeg

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
