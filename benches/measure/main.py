"""`benches/run`: every figure of docs/BENCHMARKS.md, measured in one run, in one order, within one budget of time."""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import ingest
import machine
import postgres
import reading
import storage
from load import Load, make_corpus
from report import Budget, Report

# The full form has to be over by then. Seconds for its parts, on two cores; short forms use far less.
ALL_SECONDS = 45 * 60
BUDGET = {"corpus": 90, "fsync": 20, "stages": 30, "single records": 400, "synced": 30, "killed": 60, "batches": 700, "start": 40, "verify": 440,
          "reads": 240, "disk": 40, "bare SQLite": 220, "PostgreSQL singles": 200, "PostgreSQL COPY": 60, "PostgreSQL": 340}
PARTS = ("stages", "singles", "synced", "killed", "batches", "start", "verify", "reads", "disk", "bare", "postgres")
# What a part measures with: these parts come first.
NEEDS = {"start": {"batches"}, "verify": {"batches"}, "reads": {"batches"}, "disk": {"batches"}, "bare": {"batches", "singles"},
         "postgres": {"batches", "singles", "disk"}}


class Bench:
    """What the parts share: programs, the corpus, the scratch folder, and what earlier parts found out."""

    def __init__(self, args, scratch, report, budget):
        self.onus, self.load = args.onus, Load(args.load)
        self.events, self.runs, self.seconds, self.shared = args.events, args.runs, args.seconds, args.shared
        self.scratch, self.report, self.budget = scratch, report, budget
        self.corpus = self.path("corpus.ndjson")
        self.ledger, self.size, self.lost = None, 0, 0
        self.rates, self.service_bytes, self.onus_bytes = {}, {}, 0.0
        self.disk_rates = {}

    def path(self, name):
        """A place in the scratch folder."""
        return os.path.join(self.scratch, name)

    def sample_disk(self, part):
        """The disk's fsync rate right now: it drifts, and what is compared is measured at different times."""
        self.disk_rates.setdefault(part, []).append(machine.fsync_rate(self.scratch, 1.0)[0])

    def disk(self, part, other):
        """The medians of two parts."""
        return statistics.median(self.disk_rates[part]), statistics.median(self.disk_rates[other])

    def folder(self, name, make=False):
        """A folder in it that is not there yet."""
        path = self.path(name)
        if make:
            os.makedirs(path)
        return path


def arguments():
    parser = argparse.ArgumentParser(prog="benches/run", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="recorded events, at least 20 000 (default: 1 000 000)")
    parser.add_argument("--runs", type=int, default=3, help="the median of so many runs stands in the table (default: 3)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of what is measured for a time (default: 60)")
    parser.add_argument("--only", default="", metavar="PARTS", help=f"some of the parts, and what they need: {','.join(PARTS)}")
    parser.add_argument("--scratch", default="/var/tmp", help="folder on the disk to be measured; emptied again (default: /var/tmp)")
    parser.add_argument("--out", help="where the page goes; the full form writes docs/BENCHMARKS.md, other forms only print")
    parser.add_argument("--shared", default=os.environ.get("ONUS_SHARED", "../shared"), help="folder that holds data/make_corpus.py")
    parser.add_argument("--onus", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--load", required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    is_full = args.events >= 1_000_000 and args.runs >= 3 and args.seconds >= 60 and not args.only
    args.out = args.out or ("docs/BENCHMARKS.md" if is_full else None)
    args.form = "full form" if is_full else "SHORT FORM: shows that it works; bars and goals are meant for the full one"
    wanted = set(args.only.split(",")) if args.only else set(PARTS)
    for part in reversed(PARTS):
        wanted |= NEEDS.get(part, set()) if part in wanted else set()
    args.parts = [part for part in PARTS if part in wanted]
    if wanted - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(wanted - set(PARTS)))}; there are {', '.join(PARTS)}")
    if machine.filesystem_of(args.scratch)[2] in ("tmpfs", "ramfs"):
        parser.error(f"{args.scratch} lies in memory; choose a folder on a disk with --scratch")
    if "verify" in args.parts and not shutil.which("taskset"):
        parser.error("taskset is not installed; apt-get install util-linux")
    if "synced" in args.parts and not shutil.which("strace"):
        parser.error("strace is not installed; apt-get install strace, or name the other parts with --only")
    if "postgres" in args.parts and postgres.missing():
        parser.error(f"{', '.join(postgres.missing())}: not installed; apt-get install postgresql-15, or name the other parts with --only")
    return args


def stages(bench):
    """One event, stage by stage, in process, against design/PERFORMANCE.md."""
    def run(_):
        return subprocess.run([bench.load.program, "stages"], capture_output=True, text=True, check=True).stdout.strip()

    bench.report.part("Stages of one event, in process")
    text = bench.budget.repeated("stages", 1, run)[0]
    bench.report.block(text)


def fsync(bench, when):
    rate, p50, p99 = bench.budget.repeated("fsync", 1, lambda _: machine.fsync_rate(bench.scratch, min(5.0, bench.seconds)))[0]
    line = f"fdatasync of a 4 KiB append, {when}: {rate:.0f}/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    bench.report.head.append(line)
    print(line, flush=True)


def measure(args, scratch):
    """All parts; the report."""
    started = time.monotonic()
    report, budget = Report(machine.describe(scratch)), Budget(BUDGET, ALL_SECONDS)
    report.head.insert(0, f"{args.events} events, median of {args.runs}, {args.seconds:.0f} s for what is measured for a time: {args.form}")
    bench = Bench(args, scratch, report, budget)
    print("\n".join(report.head))
    print(f"budget: {', '.join(f'{part} {s} s' for part, s in BUDGET.items() if part != 'PostgreSQL')}", flush=True)
    fsync(bench, "before")
    bench.events, length = budget.repeated("corpus", 1, lambda _: make_corpus(bench.shared, bench.corpus, args.events, seed=7))[0]
    report.head.append(f"corpus: {bench.events} events of make_corpus.py --seed 7, {length:.0f} bytes each on average")
    work = {"stages": stages, "singles": ingest.single_records, "synced": ingest.synced, "killed": ingest.killed, "batches": ingest.batches, "start": reading.start,
            "verify": reading.verify, "reads": reading.reads, "disk": reading.disk, "bare": storage.bare, "postgres": postgres.measure}
    for part in args.parts:
        work[part](bench)
    print()
    fsync(bench, "after")
    report.head.append(f"took {(time.monotonic() - started) / 60:.1f} minutes; {'; '.join(budget.lines())}")
    report.print_factors()
    print(report.head[-1])
    return report, bench.lost


def main():
    args = arguments()
    scratch = tempfile.mkdtemp(prefix="onus-bench-", dir=args.scratch)
    try:
        report, lost = measure(args, scratch)
    finally:
        shutil.rmtree(scratch)
    if args.out:
        with open(args.out, "w") as file:
            file.write(report.markdown())
        print(f"written to {args.out}")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
