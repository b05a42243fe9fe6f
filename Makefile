# What a change has to pass, and the shortcuts around it.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
BENCHSTAT   = golang.org/x/perf/cmd/benchstat@latest

.PHONY: check test race lint tidy update bench

check: lint tidy test race

test:
	go test ./...

race:
	go test -race -short ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

tidy:
	go mod tidy -diff

# update rewrites the golden files; look at the difference before it is committed.
update:
	go test ./segment ./index ./fixtures ./engine/internal/wal -update
	go test ./apiserver/... -update

bench:
	go test -run '^$$' -bench . -count 10 ./segment ./index ./engine/... | tee /tmp/spanstead-bench.txt
	go run $(BENCHSTAT) /tmp/spanstead-bench.txt
