"""Writing over HTTP: single records, what a SIGKILL leaves, batches with the search index behind them, memory on the way."""
import re
import signal
import subprocess
import threading
import time

from load import BATCH_LANES
from report import at_least, below
from server import Ledger, Server

MANY = 64
KILLED_AFTER_SECONDS = 3


def shares(figures):
    """Whose processor time it was."""
    seconds = figures["seconds"]
    return f"server {figures['server_cpu_seconds'] / seconds:.0%} and load generator {figures['cpu_seconds'] / seconds:.0%} of a core"


def each(runs, name):
    """One figure of every run."""
    return [run[name] for run in runs]


def single_records(bench):
    """POST /v1/actions and /v1/delegations, one event each, at 1 and at 64 connections."""
    def run(n):
        ledger = Ledger(bench.onus, bench.folder(f"singles-{n}"))
        alone_events = min(bench.events // 4, int(bench.seconds * 3_000))
        slices = {1: (0, alone_events), MANY: (alone_events, bench.events - alone_events)}
        bench.sample_disk("singles")
        with Server(ledger) as server:
            figures = {lanes: bench.load.against(server, "singles", corpus=bench.corpus, lanes=lanes, seconds=bench.seconds, events=events,
                                                 **{"from": first})
                       for lanes, (first, events) in slices.items()}
            size = server.wait_until_indexed()
        bench.service_bytes["single records"] = ledger.service_bytes() / size
        ledger.remove()
        return figures

    bench.report.part("Single records over HTTP")
    runs = bench.budget.repeated("single records", bench.runs, run)
    for lanes in (1, MANY):
        of_lanes = [r[lanes] for r in runs]
        last = of_lanes[-1]
        name = f"{lanes} connection{'s' if lanes > 1 else ''}"
        how = f"keep-alive, {last['seconds']:.0f} s, corpus in its order, an Idempotency-Key each; {shares(last)}"
        many = lanes == MANY
        rate = bench.report.row(f"single records, {name}", each(of_lanes, "per_second"), "/s", how,
                                at_least(6_000) if many else None, at_least(12_000) if many else None)
        bench.report.row(f"… answered, p50, {name}", each(of_lanes, "p50_ms"), "ms", "request written to answer read")
        bench.report.row(f"… answered, p99, {name}", each(of_lanes, "p99_ms"), "ms", "the same", below(40) if many else None)
        bench.report.row(f"… the load generator's own processor time, {name}", [r["cpu_seconds"] / r["seconds"] * 100 for r in of_lanes], "%",
                         "of one core; it shares the machine with the server")
        bench.rates[f"single {lanes}"] = rate


def synced(bench):
    """Counts the fsyncs of the ledger's write-ahead log for records sent one after another. A SIGKILL cannot show them: what was
    written and not synced outlives the process."""
    def run(_):
        ledger, trace = Ledger(bench.onus, bench.folder("synced")), bench.path("syncs")
        with Server(ledger) as server:
            strace = subprocess.Popen(["strace", "-f", "-y", "-e", "trace=fdatasync,fsync", "-o", trace, "-p", str(server.pid)],
                                      stderr=subprocess.PIPE, text=True)
            strace.stderr.readline()  # "attached"
            time.sleep(0.5)
            figures = bench.load.against(server, "singles", corpus=bench.corpus, lanes=1, seconds=3, events=bench.events)
            strace.send_signal(signal.SIGINT)
            strace.communicate()
        ledger.remove()
        return figures["events"], sum(bool(re.search(r"sync\(\d+<[^>]*/ledger\.db-wal>", line)) for line in open(trace))

    bench.report.part("Fsyncs behind the answers, 1 connection")
    answers, syncs = bench.budget.repeated("synced", 1, run)[0]
    bench.report.row("fsyncs of the ledger's write-ahead log a 201", [syncs / answers], "", f"strace: {syncs} for {answers} answers", at_least(1))


def killed(bench):
    """SIGKILL under load: everything that was acknowledged is there afterwards, at its index, with its leaf hash."""
    def run(_):
        ledger = Ledger(bench.onus, bench.folder("killed"))
        kept = bench.path("acknowledged")
        server = Server(ledger)
        load = bench.load.start("singles", address=server.address, token=ledger.token, corpus=bench.corpus, lanes=MANY, seconds=600,
                                events=min(bench.events, 200_000), until_cut=True, acknowledged=kept)
        while server.sizes()[0] < 500:
            time.sleep(0.01)
        time.sleep(KILLED_AFTER_SECONDS)
        server.kill()
        bench.load.finish(load)
        acknowledged = dict(line.split() for line in open(kept))
        with Server(ledger) as again:
            there = again.leaf_hashes()
            seconds = again.start_seconds
        found = sum(there.get(int(index)) == leaf_hash for index, leaf_hash in acknowledged.items())
        ledger.remove()
        return len(acknowledged), found, len(there), seconds

    bench.report.part(f"SIGKILL under load, {MANY} connections")
    acknowledged, found, there, seconds = bench.budget.repeated("killed", 1, run)[0]
    bench.report.row("acknowledged before the SIGKILL, and lost", [acknowledged - found], "events",
                     "201s read before the connection broke, against GET /v1/entries after a new start, by index and leaf hash", below(1))
    bench.report.note(f"{acknowledged} acknowledged, {found} found; {there} entries in the ledger; "
                      f"ready again {seconds:.2f} s after the new start.")
    bench.lost = acknowledged - found
    if acknowledged == 0:
        raise RuntimeError("nothing was acknowledged before the SIGKILL: nothing was tested")


class PeakMemory(threading.Thread):
    """Samples the resident memory of a server ten times a second."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.samples, self.is_over = server, [], threading.Event()
        self.start()

    def run(self):
        while True:
            self.samples.append(self.server.memory_mib()["VmRSS"])
            if self.is_over.wait(0.1):
                return

    def end(self):
        """The largest and the mean sample, MiB."""
        self.is_over.set()
        self.join()
        return max(self.samples), sum(self.samples) / len(self.samples)


def ingest(bench, server, batch):
    """The whole corpus in batches: a tenth, then the rest, each until the index has caught up. Figures of both together."""
    tenth = bench.events // 10
    total = {"events": 0, "answered_seconds": 0.0, "indexed_seconds": 0.0, "cpu_seconds": 0.0, "memory": []}
    before = server.cpu_seconds()
    for first, events in ((0, tenth), (tenth, bench.events - tenth)):
        peak = PeakMemory(server)
        figures = bench.load.against(server, "batches", corpus=bench.corpus, lanes=BATCH_LANES[batch], batch=batch, events=events,
                                     **{"from": first})
        answered = time.monotonic()
        server.wait_until_indexed()
        total["indexed_seconds"] += figures["seconds"] + time.monotonic() - answered
        total["answered_seconds"] += figures["seconds"]
        total["events"] += figures["events"]
        total["cpu_seconds"] += figures["cpu_seconds"]
        largest, mean = peak.end()
        total["memory"].append({**server.memory_mib(), "largest": largest, "mean": mean})
    total["server_cpu_seconds"] = server.cpu_seconds() - before
    total["p50_ms"], total["p99_ms"] = figures["p50_ms"], figures["p99_ms"]
    total["answered_per_second"] = total["events"] / total["answered_seconds"]
    total["indexed_per_second"] = total["events"] / total["indexed_seconds"]
    total["server_us"] = total["server_cpu_seconds"] * 1e6 / total["events"]
    total["seconds"] = total["indexed_seconds"]
    return total


def batches(bench):
    """POST /v1/events, NDJSON, 1 000 and 10 000 lines; the last ledger of 1 000s is kept for what is read later."""
    def run(n):
        figures = {}
        for batch in sorted(BATCH_LANES, reverse=True):
            ledger = Ledger(bench.onus, bench.folder(f"batches-{batch}-{n}"))
            bench.sample_disk("batches")
            with Server(ledger) as server:
                figures[batch] = ingest(bench, server, batch)
                bench.size = server.sizes()[0]
            if batch == 1_000:
                if bench.ledger:
                    bench.ledger.remove()
                bench.ledger = ledger
                bench.service_bytes["batches of 1 000"] = ledger.service_bytes() / bench.size
            else:
                ledger.remove()
        return figures

    bench.report.part(f"NDJSON batches over HTTP: the corpus, {bench.events} recorded events, sustained until the search index has caught up")
    runs = bench.budget.repeated("batches", bench.runs, run)
    for batch, lanes in BATCH_LANES.items():
        of_size = [r[batch] for r in runs]
        last, name = of_size[-1], f"batches of {batch:,}".replace(",", " ")
        how = f"{lanes} connections, uncompressed, sessions in order; {shares(last)}"
        bench.rates[f"answered {batch}"] = bench.report.row(
            f"{name}: answered", each(of_size, "answered_per_second"), "/s",
            f"{' · '.join('%.1f s' % s for s in each(of_size, 'answered_seconds'))} until the last answer; {how}")
        bench.rates[f"indexed {batch}"] = bench.report.row(
            f"{name}: answered and indexed", each(of_size, "indexed_per_second"), "/s",
            f"{' · '.join('%.1f s' % s for s in each(of_size, 'indexed_seconds'))} until all could be searched: a tenth first, then the rest",
            at_least(12_000), at_least(25_000))
        bench.report.row(f"… answer of a batch, p50, {name}", each(of_size, "p50_ms"), "ms",
                         "request written to answer read; the last nine tenths")
        bench.report.row(f"… answer of a batch, p99, {name}", each(of_size, "p99_ms"), "ms", "the same")
        bench.report.row(f"… processor time an event, {name}", each(of_size, "server_us"), "µs",
                         f"server, all threads, indexer included; the load generator took {last['cpu_seconds'] * 1e6 / last['events']:.1f} µs")
    memory(bench, [r[1_000]["memory"] for r in runs])


def memory(bench, runs):
    """Resident memory at a tenth and at the end of the ingest of 1 000s."""
    bench.report.part("Memory of the server, during the batches of 1 000")
    sizes = (bench.events // 10, bench.events)
    for at, size in enumerate(sizes):
        last = runs[-1][at]
        how = f"VmRSS after the index has caught up; RssAnon {last['RssAnon']:.0f}, RssFile {last['RssFile']:.0f}, VmHWM {last['VmHWM']:.0f} MiB"
        bench.report.row(f"RSS at {size} entries", [r[at]["VmRSS"] for r in runs], "MiB", how, below(512))
        bench.report.row(f"… largest until then, {size} entries", [r[at]["largest"] for r in runs], "MiB",
                         f"VmRSS ten times a second under load; mean {last['mean']:.0f} MiB", below(512))
    growth = [(r[1]["VmRSS"] / r[0]["VmRSS"] - 1) * 100 for r in runs]
    bench.report.row(f"growth of RSS from {sizes[0]} to {sizes[1]} entries", growth, "%", "of the first two rows' kind, run by run", below(10))
    anonymous = [(r[1]["RssAnon"] / r[0]["RssAnon"] - 1) * 100 for r in runs]
    bench.report.row("… of its anonymous part", anonymous, "%", "RssAnon: without mapped files, which are the kernel's to take back")
