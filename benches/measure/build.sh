# Sourced by benches/run and benches/soak: builds the product and the load generator for production; ONUS and LOAD are where they lie.
built="$(cargo build --release --bin onus --bench onus --message-format=json-render-diagnostics)"
executable() { python3 -c '
import json, sys
found = [m for m in map(json.loads, sys.stdin) if m.get("executable") and m["target"]["kind"] == [sys.argv[1]]]
print(found[-1]["executable"])' "$1" <<<"$built"; }
ONUS="$(executable bin)"
LOAD="$(executable bench)"
