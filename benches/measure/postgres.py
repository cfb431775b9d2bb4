"""PostgreSQL 15 on the same disk, as a team would build the same thing in it: one table with the ledger's columns and look-up
indexes, and a trigger that chains every row to the one before."""
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

BINARIES = "/usr/lib/postgresql/15/bin"
COPY_ROWS = 10_000
ROWS, TRIAL_ROWS = 300_000, 50_000
MANY = 64
COMMIT_DELAYS = (0, 1_000)
COLUMNS = "event_key, bytes, seed, members, action_key, delegation_no, occurred_at"
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
shared_buffers = 1GB
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_size = 4GB
max_connections = 100
"""
SCHEMA = """
CREATE TABLE entries (
    leaf_index bigint PRIMARY KEY, event_key bytea NOT NULL UNIQUE, bytes bytea NOT NULL, seed bytea NOT NULL, members text NOT NULL,
    action_key bigint, delegation_no bigint, occurred_at bigint, chain bytea NOT NULL);
CREATE INDEX actions_by_key ON entries (action_key, leaf_index) WHERE action_key IS NOT NULL;
CREATE INDEX actions_by_delegation ON entries (delegation_no, occurred_at, leaf_index, action_key) WHERE delegation_no IS NOT NULL;
CREATE FUNCTION link() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE head_index bigint; head_chain bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(1);
    SELECT leaf_index, chain INTO head_index, head_chain FROM entries ORDER BY leaf_index DESC LIMIT 1;
    NEW.leaf_index := coalesce(head_index, -1) + 1;
    NEW.chain := sha256(coalesce(head_chain, '') || convert_to(NEW.members, 'UTF8'));
    RETURN NEW;
END $$;
CREATE TRIGGER link BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION link();
CREATE TABLE template (id serial PRIMARY KEY, event_key bytea, bytes bytea, seed bytea, members text,
    action_key bigint, delegation_no bigint, occurred_at bigint);
"""
# The key is new each time, as an event's is; everything else is a row that the ledger wrote.
INSERT = f"""\\set id random(1, :rows)
INSERT INTO entries ({COLUMNS}) SELECT uuid_send(gen_random_uuid()), bytes, seed, members, action_key, delegation_no, occurred_at
FROM template WHERE id = :id;
"""


def binary(name):
    """Path of one of PostgreSQL's programs, or None."""
    beside = os.path.join(BINARIES, name)
    return beside if os.path.exists(beside) else shutil.which(name)


def missing():
    """Programs that are not installed."""
    return [name for name in ("initdb", "postgres", "psql", "pgbench") if not binary(name)]


class Postgres:
    """A cluster of its own in a directory of its own, reached by a socket in it; ended by its own process id."""

    def __init__(self, folder):
        self.folder, self.data = folder, os.path.join(folder, "data")
        os.makedirs(self.data, mode=0o700)
        self.user = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            account = next(pwd.getpwnam(n) for n in ("postgres", "nobody") if n in {p.pw_name for p in pwd.getpwall()})
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            for path in (folder, self.data):
                os.chown(path, account.pw_uid, account.pw_gid)
        self.run("initdb", "-D", self.data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", **self.user)
        with open(os.path.join(self.data, "postgresql.conf"), "a") as settings:
            settings.write(SETTINGS.format(socket=folder))
        self.log = open(os.path.join(folder, "log"), "w")
        self.process = subprocess.Popen([binary("postgres"), "-D", self.data], stdout=self.log, stderr=self.log, cwd=folder, **self.user)
        while subprocess.run(self.psql("SELECT 1"), capture_output=True).returncode != 0:
            if self.process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {open(self.log.name).read()}")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # SIGINT is its fast shutdown: connections are cut, everything is written.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=120)
        self.log.close()

    def psql(self, *statements):
        """A command line for these."""
        return [binary("psql"), "-h", self.folder, "-U", "bench", "-d", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1",
                *[part for s in statements for part in ("-c", s)]]

    def run(self, name, *arguments, **how):
        """Runs one of its programs; what it printed."""
        done = subprocess.run([binary(name), *arguments], capture_output=True, text=True, cwd=self.folder, **how)
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, *statements):
        """Runs statements, each in its own transaction; what they answered."""
        return subprocess.run(self.psql(*statements), check=True, capture_output=True, text=True).stdout.strip()

    def set_commit_delay(self, microseconds):
        """For all connections from now on."""
        self.sql(f"ALTER SYSTEM SET commit_delay = {microseconds}", "SELECT pg_reload_conf()")

    def singles(self, connections, seconds, rows):
        """Inserts of one row by prepared statement: rate, p50 and p99."""
        self.sql("TRUNCATE entries", "CHECKPOINT")
        prefix = os.path.join(self.folder, "times")
        printed = self.run("pgbench", "-h", self.folder, "-U", "bench", "-d", "postgres", "-n", "-M", "prepared", "-c", str(connections),
                           "-j", str(min(2, connections)), "-T", str(max(1, round(seconds))), "-D", f"rows={rows}", "-f", "insert.sql",
                           "-l", "--log-prefix", prefix)
        times = []
        for name in os.listdir(self.folder):
            if name.startswith("times."):
                path = os.path.join(self.folder, name)
                times += [int(line.split()[2]) / 1e3 for line in open(path)]
                os.remove(path)
        times.sort()
        rate = float(re.search(r"tps = ([\d.]+) \(without initial", printed).group(1))
        return {"per_second": rate, "p50_ms": times[len(times) // 2], "p99_ms": times[len(times) * 99 // 100]}

    def copies(self, chunks, rows):
        """COPY of one chunk after another, each in its own transaction: rows a second."""
        self.sql("TRUNCATE entries", "CHECKPOINT")
        started = time.monotonic()
        self.sql(*[f"\\copy entries ({COLUMNS}) FROM '{chunk}'" for chunk in chunks])
        seconds = time.monotonic() - started
        size = int(self.sql("SELECT pg_total_relation_size('entries')"))
        return {"per_second": rows / seconds, "bytes": size / rows}


def chunks_of(bench, folder):
    """Rows of the ledger just made, as COPY reads them, in files of 10 000."""
    path = os.path.join(folder, "rows")
    count = bench.load.run("rows", ledger=bench.ledger.path("ledger.db"), to=path, events=min(bench.size, ROWS))["rows"]
    subprocess.run(["split", "-l", str(COPY_ROWS), "-d", "-a", "4", path, os.path.join(folder, "chunk-")], check=True)
    os.remove(path)
    return sorted(os.path.join(folder, n) for n in os.listdir(folder) if n.startswith("chunk-")), count


def measure(bench):
    """Single inserts and COPY with the better commit_delay, and the factors."""
    bench.report.part("PostgreSQL 15, same disk: one table with the same columns and look-up indexes, a trigger that chains the rows")
    folder = bench.folder("postgres", make=True)
    os.chmod(bench.scratch, 0o711)
    with Postgres(folder) as postgres:
        bench.budget.repeated("PostgreSQL", 1, lambda _: measure_in(bench, postgres))
    shutil.rmtree(folder)


def measure_in(bench, postgres):
    chunks, rows = chunks_of(bench, postgres.folder)
    postgres.sql(SCHEMA)
    postgres.sql(*[f"\\copy template ({COLUMNS}) FROM '{chunk}'" for chunk in chunks[:3]], "VACUUM ANALYZE template")
    template_rows = int(postgres.sql("SELECT count(*) FROM template"))
    with open(os.path.join(postgres.folder, "insert.sql"), "w") as script:
        script.write(INSERT)
    trial_seconds = min(10.0, bench.seconds)

    def better(measure_once):
        """The commit_delay of the better of two trials, and both rates."""
        rates = {}
        for delay in COMMIT_DELAYS:
            postgres.set_commit_delay(delay)
            rates[delay] = measure_once()["per_second"]
        best = max(rates, key=rates.get)
        postgres.set_commit_delay(best)
        return best, ", ".join(f"commit_delay {d}: {r:.0f}/s in a trial" for d, r in rates.items())

    bench.sample_disk("PostgreSQL")
    alone = postgres.singles(1, trial_seconds, template_rows)
    delay, trials = better(lambda: postgres.singles(MANY, trial_seconds, template_rows))
    many = bench.budget.repeated("PostgreSQL singles", bench.runs, lambda _: postgres.singles(MANY, bench.seconds, template_rows))
    copy_delay, copy_trials = better(lambda: postgres.copies(chunks[:TRIAL_ROWS // COPY_ROWS], min(rows, TRIAL_ROWS)))
    bench.sample_disk("COPY")
    copies = bench.budget.repeated("PostgreSQL COPY", bench.runs, lambda _: postgres.copies(chunks, rows))

    row, factor, rates = bench.report.row, bench.report.factor, bench.rates
    how = "pgbench -M prepared, rows of the ledger just made, fsync=on, synchronous_commit=on, shared_buffers=1GB"
    single_1 = row("PostgreSQL, single inserts, 1 connection", [alone["per_second"]], "/s", f"{how}; {trial_seconds:.0f} s")
    single_64 = row("PostgreSQL, single inserts, 64 connections", [m["per_second"] for m in many], "/s",
                    f"{how}; commit_delay {delay} ({trials})")
    row("… p50", [m["p50_ms"] for m in many], "ms", "pgbench's own times")
    row("… p99", [m["p99_ms"] for m in many], "ms", "the same")
    copy = row("PostgreSQL, COPY of 10 000 rows", [c["per_second"] for c in copies], "/s",
               f"one connection, {rows} rows, a transaction each 10 000; commit_delay {copy_delay} ({copy_trials})")
    row("PostgreSQL, bytes a row", [copies[-1]["bytes"]], "B",
        f"pg_total_relation_size after COPY; ledger.db: {bench.onus_bytes:.0f} B an event")
    factor("single records, 1 connection", rates["single 1"], "PostgreSQL, 1 connection", single_1, bench.disk("singles", "PostgreSQL"))
    factor("single records, 64 connections", rates["single 64"], "PostgreSQL, 64 connections", single_64, bench.disk("singles", "PostgreSQL"))
    for batch in (1_000, 10_000):
        for form in ("answered", "indexed"):
            factor(f"batches of {batch}, {form}", rates[f"{form} {batch}"], "PostgreSQL, COPY of 10 000 rows", copy, bench.disk("batches", "COPY"))
