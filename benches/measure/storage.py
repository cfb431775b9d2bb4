"""The ceiling of the storage: the ledger's own rows, put bare into the same SQLite schema with the same settings."""
import shutil

from load import BATCH_LANES

BATCHES = (1, 64, 1_000, 10_000)
ROWS = 400_000


def bare(bench):
    """Transactions of 1, 64, 1 000 and 10 000 events."""
    def run(n):
        folder = bench.folder(f"bare-{n}", make=True)
        bench.sample_disk("bare")
        figures = bench.load.run("bare", ledger=bench.ledger.path("ledger.db"), to=folder, events=min(bench.events, ROWS),
                                 batches=",".join(str(b) for b in BATCHES), seconds=min(15.0, bench.seconds))
        shutil.rmtree(folder)
        return {f["batch"]: f for f in figures}

    bench.report.part("The same rows put bare into the same SQLite schema: the ceiling of the storage")
    runs = bench.budget.repeated("bare SQLite", bench.runs, run)
    rates = {}
    for batch in BATCHES:
        of_size = [r[batch] for r in runs]
        how = (f"every row of the ledger just made, WAL, synchronous=FULL, 16 KiB pages, one thread; {of_size[-1]['events']} events, "
               f"{of_size[-1]['bytes_an_event']:.0f} B each")
        rates[batch] = bench.report.row(f"bare SQLite, {batch} events a transaction", [f["per_second"] for f in of_size], "/s", how)
    bench.report.factor("single records, 1 connection", bench.rates["single 1"], "bare SQLite, 1 event a transaction", rates[1],
                        bench.disk("singles", "bare"))
    bench.report.factor("single records, 64 connections", bench.rates["single 64"], "bare SQLite, 1 event a transaction", rates[1],
                        bench.disk("singles", "bare"))
    bench.report.factor("single records, 64 connections", bench.rates["single 64"], "bare SQLite, 64 events a transaction", rates[64],
                        bench.disk("singles", "bare"))
    for batch in BATCH_LANES:
        for form in ("answered", "indexed"):
            bench.report.factor(f"batches of {batch}, {form}", bench.rates[f"{form} {batch}"],
                                f"bare SQLite, {batch} events a transaction", rates[batch], bench.disk("batches", "bare"))
