# The developer's commands. `make` without a target lists them.

.DEFAULT_GOAL := help
.PHONY: help run build release test test-quick lint fmt generate screenshots bench fuzz vulncheck tools clean

# The version of a source tree without git history (an archive, a container build)
# is "dev" unless VERSION is set.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
VERSION_VAR := github.com/rosterhq/roster/internal/config.Version

TOOLS := .cache/tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## Build, set up ./roster.db on first use, serve, and print curl calls to paste
	@scripts/run.sh

build: ## Build the static binary bin/roster
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X $(VERSION_VAR)=$(VERSION)' -o bin/roster ./cmd/roster

test: ## Run all tests (RACE=1 turns on the race detector)
	@RACE=$(RACE) scripts/test.sh

test-quick: ## Skip the tests that need PostgreSQL, kill processes or take long
	@QUICK=1 RACE=$(RACE) scripts/test.sh

release: ## Build archives, packages and the image's context for a release into dist/
	go -C tools/release run . -version $(VERSION) -source ../.. -out ../../dist $(if $(TARGETS),-targets $(TARGETS))

lint: tools ## Run the linters
	$(TOOLS)/golangci-lint run

fmt: tools ## Format the code
	$(TOOLS)/gofumpt -l -w .

generate: ## Regenerate generated files
	go generate ./...

screenshots: ## Take the screenshots of docs/console.md
	@rm -rf docs/screenshots
	ROSTER_SCREENSHOTS=$(CURDIR)/docs/screenshots scripts/with-chromium.sh go test ./internal/console -run TestPagesInABrowser -count=1

bench: ## Compare Roster's speed with that of other programs, and write docs/performance.md (about fifteen minutes)
	@scripts/with-postgres.sh scripts/bench.sh

fuzz: ## Fuzz every target for 30 seconds (longer: scripts/fuzz.sh SECONDS)
	@scripts/fuzz.sh

vulncheck: tools ## Check for known vulnerabilities (fetches Go's vulnerability database)
	$(TOOLS)/govulncheck ./...

tools: $(TOOLS)/built ## Build the linters and other tools pinned in tools/go.mod

# Building them once is much faster than `go tool`, which links them on every call.
$(TOOLS)/built: tools/go.mod tools/go.sum
	cd tools && GOBIN=$(CURDIR)/$(TOOLS) go install tool
	@touch $@

clean: ## Remove built files (but never roster.db)
	rm -rf bin dist .cache
