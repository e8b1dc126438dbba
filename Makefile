# Two commands matter to a newcomer: `make demo` and `make test`.
# Works with GNU make 3.81 (macOS) and later, without a terminal, in a fresh clone.

GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION   := v1.9.0
FUZZTIME              ?= 10s
DEMO                  ?= demo

# DuckDB is C++ and linked statically, so cgo has to be on.
export CGO_ENABLED := 1

# The version of a build comes from git where git can tell it (a tarball, or a
# clone that belongs to somebody else, has none).
BUILDVCS := $(shell git status --porcelain >/dev/null 2>&1 && echo true || echo false)

# The release binary is kept small. DuckDB's symbols are exported for extensions
# that are loaded at run time, which wplake forbids: left out, and with them
# whatever nobody calls, they save 7 MB. Inlining makes a binary larger and pays
# in loops over rows alone, so only the rooms that rows pass through, the JSON
# parser, DuckDB's bindings and the lower half of the standard library have it.
# HTTP/2 brings nothing to a few endpoints, and SQLite loads no extensions.
#
# The C++ library goes into the binary (0.5 MB): Lambda's Amazon Linux has an
# older one than today's compilers want. The folder holds a link to the archive
# alone, so that the linker does not find the shared library beside it; where
# there is no archive the shared library is used.
ifeq ($(shell uname -s),Linux)
EXTLDFLAGS := -L$(CURDIR)/bin/static -Wl,--no-export-dynamic -Wl,--gc-sections
else
EXTLDFLAGS :=
endif
NOT_INLINED := net/... crypto/... database/... text/... encoding/... math/big regexp/... vendor/... log/... html/... reflect fmt
ROWS := wplake/internal/jsonarray wplake/internal/typing wplake/internal/pipeline wplake/internal/engine/... \
	wplake/internal/wordpress/... wplake/internal/transform github.com/go-json-experiment/... github.com/duckdb/...
RELEASE := -buildvcs=$(BUILDVCS) -trimpath -tags nethttpomithttp2,sqlite_omit_load_extension -ldflags "-s -w -extldflags '$(EXTLDFLAGS)'" \
	-gcflags=all=-l -gcflags=std= $(foreach room,$(NOT_INLINED),-gcflags=$(room)=-l) \
	$(foreach room,$(ROWS),-gcflags=$(room)=)
CFLAGS_RELEASE := -Os -ffunction-sections -fdata-sections

.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@echo "Start with:  make demo    (build, run the whole pipeline on a sample site, ask it a question)"
	@echo "             make test    (lint and test)"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: tools
tools: ## Say which tools are missing, and how to install them
	@bash scripts/check-tools.sh

.PHONY: build
build: tools static ## Build bin/wplake, stripped
	CGO_CFLAGS="$(CFLAGS_RELEASE)" go build $(RELEASE) -o bin/wplake ./cmd/wplake

.PHONY: static
static:
	@archive=$$($${CXX:-c++} -print-file-name=libstdc++.a 2>/dev/null || true); case "$$archive" in \
		/*) mkdir -p bin/static && ln -sf "$$archive" bin/static/libstdc++.a ;; esac

.PHONY: install
install: tools static ## Install wplake into GOBIN (or GOPATH/bin)
	CGO_CFLAGS="$(CFLAGS_RELEASE)" go install $(RELEASE) ./cmd/wplake

.PHONY: demo
demo: build ## Run the main job on a sample site and show its result
	@bash scripts/demo.sh bin/wplake $(DEMO)

.PHONY: test
test: lint ## Lint, vet and test
	go vet ./...
	go test ./...

.PHONY: lint
lint: tools bin/golangci-lint ## Lint, the laws of docs/architecture.md included
	bin/golangci-lint run

# Built from source by the Go command: nothing prebuilt is downloaded. The
# stamp in the name of the dependency makes a new version rebuild it.
bin/golangci-lint: bin/.golangci-lint-$(GOLANGCI_LINT_VERSION)
	@test -x $@

bin/.golangci-lint-$(GOLANGCI_LINT_VERSION):
	@mkdir -p bin
	@echo "Building golangci-lint $(GOLANGCI_LINT_VERSION) into ./bin (once; some minutes on two cores)"
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@rm -f bin/.golangci-lint-*
	@touch $@

.PHONY: vuln
vuln: tools ## Look for known vulnerabilities (needs the network: their database)
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: fuzz
fuzz: tools ## Run every fuzz target for FUZZTIME (10s)
	@bash scripts/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: tools ## Measure bronze and silver against a plain DuckDB COPY
	go run -trimpath -ldflags "-s -w" ./test/bench

.PHONY: bench-workflow
bench-workflow: tools ## Measure executions beside floors of the same run (Linux)
	go build -trimpath -ldflags "-s -w" -o bin/bench-workflow ./test/workflow/bench
	bin/bench-workflow

.PHONY: test-kill
test-kill: tools ## Kill runs, fill the disk, interrupt and collide (about 5 minutes)
	go test -p 1 -tags faults -count=1 -timeout 30m -v ./test/faults/... ./test/workflow

# Emulators of AWS, cfn-lint and the AWS CLI come with pip into a folder of their
# own, once; again when the list of them has changed. One that broke off halfway
# has no stamp and begins anew.
.venv-aws/installed: test/aws/requirements.txt
	@echo "Installing the tools of test/aws/requirements.txt into ./.venv-aws (once; a minute or two)"
	@rm -rf .venv-aws
	@python3 -m venv .venv-aws
	@.venv-aws/bin/pip install -q --disable-pip-version-check -r test/aws/requirements.txt -c test/aws/constraints.txt
	@touch $@

.PHONY: test-sfn
test-sfn: tools .venv-aws/installed ## Ask the server with the AWS CLI and the AWS SDK (installs the CLI with pip)
	AWS_CLI=$(CURDIR)/.venv-aws/bin/aws go test -tags aws -count=1 -timeout 10m -v ./test/sfn/...

# The suites of what speaks to AWS, and the deployed lake as a whole.
AWS_SUITES := internal/store/s3 internal/params/ssm internal/notify/sns internal/catalog/glue internal/engine/athena \
	internal/workflow/sfn internal/schedule/eventbridge internal/logs internal/lambda internal/deploy

.PHONY: test-aws
test-aws: build .venv-aws/installed ## Test what runs on AWS against emulators on loopback (installs them with pip)
	WPLAKE=$(CURDIR)/bin/wplake .venv-aws/bin/python scripts/aws_emulators.py sh -ec '\
		go test -tags aws -p 1 -count=1 -timeout 20m $(foreach suite,$(wildcard $(AWS_SUITES)),./$(suite)/...); \
		go test -tags aws -count=1 -timeout 20m -v ./test/aws'

# awswrangler brings versions of its own, so it has a folder of its own.
.venv-bench/installed: test/aws/bench/requirements.txt
	@echo "Installing awswrangler into ./.venv-bench (once)"
	@rm -rf .venv-bench
	@python3 -m venv .venv-bench
	@.venv-bench/bin/pip install -q --disable-pip-version-check -r test/aws/bench/requirements.txt
	@touch $@

.PHONY: bench-aws
bench-aws: build .venv-aws/installed .venv-bench/installed ## Measure the functions beside awswrangler, over an S3 emulator (Linux)
	go build -trimpath -ldflags "-s -w" -o bin/bench-aws ./test/aws/bench
	.venv-aws/bin/python scripts/aws_emulators.py --only ministack,seaweedfs \
		bin/bench-aws -wplake bin/wplake -python $(CURDIR)/.venv-bench/bin/python

.PHONY: test-wordpress
test-wordpress: tools ## Run against a real WordPress on this machine (needs its packages)
	go test -tags wordpress -count=1 -timeout 20m -v ./test/wordpress/...

.PHONY: clean
clean: ## Remove what these targets made
	rm -rf bin $(DEMO)
