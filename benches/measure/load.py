"""The load generator (`benches/onus`), and what it sends: the corpus of `make_corpus.py`."""
import json
import os
import random
import re
import subprocess
import sys
import urllib.parse

# Connections that send batches: enough that parsing of one overlaps sequencing of another. Sessions stay in order on their lane.
BATCH_LANES = {1_000: 4, 10_000: 2}
SAMPLED_LINES = 4_000


class Load:
    """Starts the generator's commands against a server."""

    def __init__(self, program):
        self.program = program

    def start(self, command, **options):
        """A command under way; `finish` waits for its figures."""
        flags = [part for name, value in options.items() if value is not None
                 for part in ([f"--{name.replace('_', '-')}"] if value is True else [f"--{name.replace('_', '-')}", str(value)])]
        return subprocess.Popen([self.program, command, *flags], stdout=subprocess.PIPE, text=True)

    @staticmethod
    def finish(process):
        """The figures a command printed."""
        text, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"{process.args[1]} failed: see the lines above")
        return json.loads(text)

    def run(self, command, **options):
        """A command from start to end."""
        return self.finish(self.start(command, **options))

    def against(self, server, command, **options):
        """The same against a server; adds the server's processor time."""
        before = server.cpu_seconds()
        figures = self.run(command, address=server.address, token=server.ledger.token, **options)
        figures["server_cpu_seconds"] = server.cpu_seconds() - before
        return figures


def make_corpus(shared, path, events, seed):
    """Recorded sessions as events, in the order of time: how many were made, and their bytes on average."""
    script = os.path.join(shared, "data", "make_corpus.py")
    if not os.path.exists(script):
        sys.exit(f"onus bench: {script} is not there; point ONUS_SHARED at the folder that holds data/make_corpus.py")
    command = [sys.executable, script, "--sources", os.path.dirname(script), "--n", str(events), "--seed", str(seed), "--out", path]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode != 0:
        sys.exit(f"onus bench: {script} failed: {made.stderr}")
    with open(path, "rb") as file:
        lines = sum(1 for _ in file)
    return lines, os.path.getsize(path) / lines


def sample_actions(corpus, seed):
    """Some of the corpus's actions, the same ones for the same seed."""
    chance = random.Random(seed)
    size, events = os.path.getsize(corpus), []
    with open(corpus, "rb") as file:
        while len(events) < SAMPLED_LINES:
            file.seek(chance.randrange(size))
            file.readline()
            line = file.readline()
            if line.startswith(b'{"type":"action.recorded"'):
                events.append(json.loads(line))
    return events


def walk_paths(events):
    """The walk of each of these actions."""
    return [f"/v1/actions/{e['action_id']}/walk" for e in events]


def search_paths(events):
    """What people search for: a word, two words, an identifier, a name of an action, in turn; each occurs in the corpus."""
    paths = []
    for n, event in enumerate(events):
        words = re.findall(r"[A-Za-z]{4,}", json.dumps(event["action"].get("arguments", {}))) or ["transfer"]
        asked = [words[n % len(words)], f"{words[0]} {words[-1]}", event["actor"]["human_principal_id"], event["action"]["name"]][n % 4]
        paths.append(f"/v1/search?q={urllib.parse.quote(asked)}")
    return paths


def write_lines(path, lines):
    """A file of lines; its path."""
    with open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return path
