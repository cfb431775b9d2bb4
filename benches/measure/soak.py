"""`benches/soak`: a server under mixed load for an hour, its memory sampled each second. Memory that keeps growing is a leak: exit
code 1 if the line through the samples of VmRSS rises by 1 MiB a minute or more. RssFile stands beside it: pages of the search index that
the kernel maps, and may take back, grow with the ledger."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import machine
from load import Load, make_corpus, sample_actions, search_paths, walk_paths, write_lines
from report import number
from server import Ledger, Server

LIMIT_MIB_A_MINUTE = 1.0
# Put in beforehand, as fast as it goes: the caches of SQLite (256 MiB for the writer) are full then, and do not count as growth.
WARM_UP_EVENTS = 200_000
# The first part of the time is not looked at: readers fill their caches.
WARM_UP_SHARE = 1 / 6
BATCHED_PER_SECOND = 200
SINGLE_LANES, SINGLE_PAUSE_MS = 8, 100
READERS, READER_PAUSE_MS = 8, 200
KINDS = ("VmRSS", "RssAnon", "RssFile")


def arguments():
    parser = argparse.ArgumentParser(prog="benches/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long, warm-up of the caches not counted (default: 60)")
    parser.add_argument("--scratch", default="/var/tmp", help="folder for the ledger; emptied again (default: /var/tmp)")
    parser.add_argument("--shared", default=os.environ.get("ONUS_SHARED", "../shared"), help="folder that holds data/make_corpus.py")
    parser.add_argument("--onus", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--load", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def mixed_paths(corpus):
    """Walks, searches, lists, proofs, counts: what people and agents ask for, in turn."""
    events = sample_actions(corpus, seed=9)
    paths = []
    for n, (event, walk, search) in enumerate(zip(events, walk_paths(events), search_paths(events))):
        person = event["actor"]["human_principal_id"]
        paths += [walk, search, f"/v1/actions?human_principal_id={person}&limit=20", f"/v1/entries/{n + 2}/proof",
                  f"{search}&facets=true&limit=10"]
    return paths


def slope(samples):
    """MiB a minute: the line of least squares through (seconds, MiB)."""
    count = len(samples)
    mean_at, mean_mib = sum(s[0] for s in samples) / count, sum(s[1] for s in samples) / count
    rise = sum((at - mean_at) * (mib - mean_mib) for at, mib in samples)
    return rise / sum((at - mean_at) ** 2 for at, _ in samples) * 60


def sample(server, seconds):
    """Memory each second; a line a minute."""
    samples, started = [], time.monotonic()
    while (at := time.monotonic() - started) < seconds:
        memory = server.memory_mib()
        samples.append((at, memory))
        if len(samples) % 60 == 1:
            print(f"  {at / 60:5.1f} min   " + "   ".join(f"{kind} {memory[kind]:6.1f} MiB" for kind in KINDS), flush=True)
        time.sleep(max(0.0, len(samples) - (time.monotonic() - started)))
    return samples


def soak(args, scratch):
    """The load, the samples, and what came of both."""
    seconds = args.minutes * 60
    load, files = Load(args.load), {name: os.path.join(scratch, name + ".ndjson") for name in ("before", "batched", "single")}
    single_rate = SINGLE_LANES * 1_000 / SINGLE_PAUSE_MS
    counts = {"before": WARM_UP_EVENTS, "batched": int(seconds * BATCHED_PER_SECOND) + 5_000, "single": int(seconds * single_rate * 1.2) + 5_000}
    for seed, (name, path) in enumerate(files.items(), 11):
        make_corpus(args.shared, path, counts[name], seed)
    print(f"{args.minutes:g} minutes; {WARM_UP_EVENTS} events beforehand, then {BATCHED_PER_SECOND} events/s in batches of 100, "
          f"{SINGLE_LANES} connections with a single record each {SINGLE_PAUSE_MS} ms, {READERS} readers each {READER_PAUSE_MS} ms", flush=True)
    ledger = Ledger(args.onus, os.path.join(scratch, "soak"))
    with Server(ledger) as server:
        at = {"address": server.address, "token": ledger.token, "from": 0}
        load.run("batches", corpus=files["before"], lanes=4, batch=1_000, events=counts["before"], **at)
        server.wait_until_indexed()
        paths = write_lines(os.path.join(scratch, "paths"), mixed_paths(files["before"]))
        running = [
            load.start("batches", corpus=files["batched"], lanes=2, batch=100, pace=BATCHED_PER_SECOND, events=counts["batched"],
                       seconds=seconds, **at),
            load.start("singles", corpus=files["single"], lanes=SINGLE_LANES, pause_ms=SINGLE_PAUSE_MS, events=counts["single"],
                       seconds=seconds, **at),
            load.start("reads", address=server.address, token=ledger.token, paths=paths, clients=READERS, pause_ms=READER_PAUSE_MS,
                       seconds=seconds)]
        samples = sample(server, seconds)
        for name, figures in zip(("batches", "singles", "reads"), map(load.finish, running)):
            done = figures.get("events", figures.get("answers"))
            print(f"  {name}: {done} in {figures['seconds']:.0f} s, p50 {figures['p50_ms']:.1f} ms, p99 {figures['p99_ms']:.1f} ms")
        size = server.wait_until_indexed()
    verified = subprocess.run([args.onus, "verify", "--vkey", ledger.vkey, "--data", ledger.data], capture_output=True, text=True)
    if verified.returncode not in (0, 2):
        sys.exit(f"onus verify found something false:\n{verified.stdout}")
    print(f"  {size} entries, verified; VmHWM {samples[-1][1]['VmHWM']:.0f} MiB")
    return [s for s in samples if s[0] >= seconds * WARM_UP_SHARE]


def main():
    args = arguments()
    scratch = tempfile.mkdtemp(prefix="onus-soak-", dir=args.scratch)
    try:
        print("\n".join(machine.describe(scratch)))
        samples = soak(args, scratch)
    finally:
        shutil.rmtree(scratch)
    slopes = {kind: slope([(at, memory[kind]) for at, memory in samples]) for kind in KINDS}
    met = slopes["VmRSS"] < LIMIT_MIB_A_MINUTE
    print(f"slope over the last {(samples[-1][0] - samples[0][0]) / 60:.1f} minutes: "
          + ", ".join(f"{kind} {number(mib) if mib >= 0 else '-' + number(-mib)} MiB a minute" for kind, mib in slopes.items()))
    print(f"VmRSS below {LIMIT_MIB_A_MINUTE:g} MiB a minute: {'met' if met else 'NOT MET'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
