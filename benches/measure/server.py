"""The product as its users run it: the release binary, its own process, a ledger of its own, loopback."""
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import machine

INDEX_LIMIT_SECONDS = 600


class Ledger:
    """A data directory, and the secrets `onus init` printed."""

    def __init__(self, onus, folder):
        self.onus, self.data = onus, os.path.join(folder, "ledger")
        os.makedirs(folder)
        made = subprocess.run([onus, "init", "--origin", "bench.example/ledger", "--json", "--data", self.data],
                              capture_output=True, text=True, check=True)
        made = json.loads(made.stdout)
        self.token, self.vkey = made["admin_token"], made["vkey"]

    def copy(self, folder):
        """The same ledger once more, high-water mark included."""
        twin = object.__new__(Ledger)
        twin.__dict__.update(self.__dict__, data=os.path.join(folder, "ledger"))
        shutil.copytree(os.path.dirname(self.data), folder)
        return twin

    def remove(self):
        """Frees the disk."""
        shutil.rmtree(os.path.dirname(self.data))

    def service_bytes(self):
        """Size of the bookkeeping once its write-ahead log is moved into it; the server is stopped."""
        connection = sqlite3.connect(self.path("service.db"))
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        connection.close()
        if busy:
            raise RuntimeError("somebody still holds service.db")
        return os.path.getsize(self.path("service.db"))

    def path(self, name):
        """Path of a file of the ledger."""
        return os.path.join(self.data, name)


class Server:
    """A running `onus serve`; stopped at the end of the `with`."""

    def __init__(self, ledger):
        self.ledger = ledger
        started = time.monotonic()
        self.log = open(ledger.data + ".log", "a")
        self.process = subprocess.Popen([ledger.onus, "serve", "--listen", "127.0.0.1:0", "--data", ledger.data], text=True,
                                        stdout=subprocess.PIPE, stderr=self.log, env={**os.environ, "RUST_LOG": "error"})
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on http://"):
            raise RuntimeError(f"the server did not start: {open(self.log.name).read()}")
        self.address = line.removeprefix("listening on http://")
        self.pid = self.process.pid
        while self.get("/readyz")[0] != 200:
            time.sleep(0.005)
        self.start_seconds = time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def get(self, path):
        """Status and body of a GET."""
        connection = http.client.HTTPConnection(self.address, timeout=120)
        connection.request("GET", path, headers={"authorization": f"Bearer {self.ledger.token}"})
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
        return status, body

    def sizes(self):
        """Entries in the ledger, and entries that can be searched. Not from /readyz: a server far behind says there only that it is."""
        gauges = dict(line.split() for line in self.get("/metrics")[1].decode().splitlines() if line.startswith("onus_") and "{" not in line)
        if float(gauges["onus_writable"]) != 1:
            raise RuntimeError(f"the ledger can no longer be written: {self.get('/readyz')[1].decode()}")
        return int(float(gauges["onus_entries"])), int(float(gauges["onus_indexed_entries"]))

    def wait_until_indexed(self):
        """Waits until everything that was answered can be searched; how many entries there are."""
        started = time.monotonic()
        while True:
            size, indexed = self.sizes()
            if indexed >= size:
                return size
            if time.monotonic() - started > INDEX_LIMIT_SECONDS:
                raise RuntimeError(f"the search index stands at {indexed} of {size}")
            time.sleep(0.02)

    def cpu_seconds(self):
        """Processor time so far."""
        return machine.cpu_seconds(self.pid)

    def memory_mib(self):
        """Memory now."""
        return machine.memory_mib(self.pid)

    def leaf_hashes(self):
        """Leaf hash of every entry, by index, as the API lists them."""
        found, cursor = {}, ""
        while True:
            body = json.loads(self.get(f"/v1/entries?limit=500{cursor}")[1])
            found.update((e["index"], e["leaf_hash"]) for e in body["data"]["entries"])
            if not body["meta"]["has_more"]:
                return found
            cursor = f"&cursor={body['meta']['cursor']}"

    def stop(self):
        """SIGTERM, and waits for the orderly end."""
        self.end(signal.SIGTERM)

    def kill(self):
        """SIGKILL: nothing is finished."""
        self.end(signal.SIGKILL)

    def end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(timeout=120)
        self.process.stdout.close()
        self.log.close()
