"""What is read: start, `onus verify` from a cold disk, walks and searches beside writers, and what an event takes on the disk."""
import os
import resource
import sqlite3
import subprocess
import time

import machine
from ingest import each
from load import make_corpus, sample_actions, search_paths, walk_paths, write_lines
from report import below
from server import Server

CLIENTS = 16
PAUSE_MS = 100


def start(bench):
    """From spawn to the first 200 of /readyz."""
    def run(_):
        how = machine.drop_page_cache(bench.ledger.data)
        with Server(bench.ledger) as cold:
            pass
        with Server(bench.ledger) as warm:
            pass
        return {"cold": cold.start_seconds, "warm": warm.start_seconds, "how": how}

    bench.report.part(f"Start at {bench.size} entries")
    runs = bench.budget.repeated("start", bench.runs, run)
    bench.report.row("start, cold", each(runs, "cold"), "s", f"spawn to 200 of /readyz; {runs[-1]['how']}", below(2))
    bench.report.row("start, warm", each(runs, "warm"), "s", "spawn to 200 of /readyz", below(2))


def verify_once(bench, deep, threads):
    """Seconds of one `onus verify` from a cold disk, its processor time and its exit code."""
    how = machine.drop_page_cache(bench.ledger.data)
    cores = ",".join(str(core) for core in range(threads))
    command = ["taskset", "-c", cores, bench.onus, "verify", "--vkey", bench.ledger.vkey, "--data", bench.ledger.data]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(command + ["--deep"] * deep, capture_output=True, text=True)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # 2 is what `verify` says when it was not asked to look at everything.
    if done.returncode not in ((0,) if deep else (0, 2)):
        raise RuntimeError(f"onus verify found something false, exit {done.returncode}:\n{done.stdout}{done.stderr}")
    return {"seconds": seconds, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "exit": done.returncode, "how": how}


def verify(bench):
    """With and without --deep, on one core and on two, nobody serving."""
    forms = [(deep, threads) for deep in (True, False) for threads in (1, 2)]
    bench.report.part(f"onus verify of {bench.size} entries from a cold disk")
    runs = bench.budget.repeated("verify", bench.runs, lambda _: {form: verify_once(bench, *form) for form in forms})
    for deep, threads in forms:
        of_form = [r[deep, threads] for r in runs]
        last = of_form[-1]
        is_bar = deep and threads == 2
        cores = f"{threads} core{'s' if threads > 1 else ''}"
        bench.report.row(f"verify {'--deep' if deep else 'without --deep'}, {cores}", each(of_form, "seconds"), "s",
                         f"taskset; {last['how']}; {last['cpu']:.1f} s of processor time, exit {last['exit']}",
                         below(15) if is_bar else None, below(6) if is_bar else None)


def reads(bench):
    """Walks and searches of 16 clients on a copy of the ledger, while batches are written at half the measured rate."""
    half = bench.rates["indexed 1000"] / 2
    forms = [(name, pause) for name in ("walk", "search") for pause in (PAUSE_MS, 0)]
    seconds = min(10.0, bench.seconds)
    extra = bench.path("beside.ndjson")
    writing_seconds = (seconds + 1) * len(forms) + 2
    make_corpus(bench.shared, extra, int(half * writing_seconds) + 1_000, seed=8)
    sampled = sample_actions(bench.corpus, seed=7)
    paths = {"walk": write_lines(bench.path("walks"), walk_paths(sampled)), "search": write_lines(bench.path("searches"), search_paths(sampled))}

    def run(n):
        ledger = bench.ledger.copy(os.path.join(bench.scratch, f"reads-{n}"))
        with Server(ledger) as server:
            address = {"address": server.address, "token": ledger.token}
            writer = bench.load.start("batches", corpus=extra, lanes=4, batch=1_000, pace=half, events=10**9, seconds=writing_seconds, **address)
            time.sleep(2)
            figures = {}
            for name, pause in forms:
                figures[name, pause] = bench.load.against(server, "reads", paths=paths[name], clients=CLIENTS, pause_ms=pause, seconds=seconds)
            figures["written"] = bench.load.finish(writer)
        ledger.remove()
        return figures

    bench.report.part(f"Reads at {bench.size} entries, {CLIENTS} clients, while batches of 1 000 are written at half the measured rate")
    runs = bench.budget.repeated("reads", bench.runs, run)
    os.remove(extra)
    bench.report.row("events written beside the reads", [r["written"]["per_second"] for r in runs], "/s",
                     f"paced at {half:.0f}/s, 4 connections")
    limits = {"walk": (below(5), below(1), "GET /v1/actions/{id}/walk of recorded actions, drawn at random"),
              "search": (below(50), below(20), "GET /v1/search without facets, 50 hits: a word, two words, a person, an action's name, in turn")}
    for name, pause in forms:
        of_form = [r[name, pause] for r in runs]
        bar, goal, what = limits[name]
        last = of_form[-1]
        manner = f"each {pause} ms after its last answer" if pause else "each without a pause"
        how = f"{what}; {last['per_second']:.0f} answers/s of {last['bytes_an_answer']:.0f} bytes"
        bench.report.row(f"{name}, {manner}: p50", each(of_form, "p50_ms"), "ms", how)
        bench.report.row(f"{name}, {manner}: p99", each(of_form, "p99_ms"), "ms", f"{last['answers']} answers a run", bar, goal)


def disk(bench):
    """Bytes an event by table, of the search index, of a day's idempotency answers."""
    bench.report.part(f"Bytes an event on the disk, {bench.size} entries, server stopped")
    bench.budget.repeated("disk", 1, lambda _: disk_rows(bench))


def disk_rows(bench):
    ledger = bench.ledger
    recorded = os.path.getsize(bench.corpus) / bench.events
    bench.report.row("the event as it was sent", [recorded], "B", "its line of NDJSON")
    connection = sqlite3.connect(f"file:{ledger.path('ledger.db')}?mode=ro", uri=True)
    try:
        pages = connection.execute("""SELECT coalesce(m.tbl_name, s.name), m.type, s.name, s.pgsize FROM dbstat s
            LEFT JOIN sqlite_schema m ON m.name = s.name WHERE s.aggregate = TRUE ORDER BY s.pgsize DESC""").fetchall()
    except sqlite3.OperationalError as error:
        pages = []
        bench.report.note(f"By table: not measured, this Python's SQLite has no dbstat ({error}).")
    connection.close()
    for table, kind, name, size in pages:
        if size / bench.size >= 0.5:
            what = f"index {name} of table {table}" if kind == "index" else f"table {table}"
            bench.report.row(what, [size / bench.size], "B", "pages of it, dbstat")
    file = os.path.getsize(ledger.path("ledger.db")) / bench.size
    index = machine.folder_bytes(ledger.path("index")) / bench.size
    bench.onus_bytes = bench.report.row("ledger.db", [file], "B", "the file, free pages included")
    bench.report.row("search index", [index], "B", "all files of it")
    for form, size in bench.service_bytes.items():
        bench.report.row(f"a day's idempotency answers, {form}", [size], "B",
                         "service.db after the run, its write-ahead log moved into it; an answer is kept 24 h, and none was a day old")
        bench.report.row(f"all together, {form}", [file + index + size], "B", "ledger.db, search index, service.db")
