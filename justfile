# What a contributor does, and what CI does: the same words.

# everything CI checks, in its order
ci: fmt-check lint deny test e2e

# the demo: the whole product on this machine
demo:
    cargo run --release -- demo

# the tests, on SQLite and PostgreSQL
test:
    cargo test --workspace

fmt:
    cargo fmt --all

fmt-check:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

# licences, sources, banned crates; advisories too where their database can be reached
deny:
    cargo deny --offline check bans licenses sources

advisories:
    cargo deny check advisories

# real identity providers and a real browser; installs what it needs under e2e/
e2e:
    bash e2e/run.sh

# docs/security/cases.md from the names of the tests
cases:
    UPDATE_CASES=1 cargo test -q -p gateway-testkit --test cases_table the_table

# ratios against a bare handler in the same run
bench:
    cargo run --release -p gateway-bench
