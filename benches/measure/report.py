"""The table: every figure with its unit, its runs, how it was taken, and the bar and goal it is held against."""
import statistics
import time

COLUMNS = "| what | median | runs | bar | goal | how it was taken |\n|---|---:|---|---|---|---|"

PREFACE = """Written by `benches/run`: every figure was measured in the run that the next lines describe, none was typed. Bars and goals are
those the product was given, for two cores and a million events, with the load generator on the same two cores. A figure is the median of
its runs, which stand beside it: on a shared disk, read ratios before figures, and mind the fsync rate measured in the same run."""

FACTORS = """Above 1 Onus does more a second. Neither of the others parses, assesses, proves, signs or indexes anything. The parts run minutes
apart and the disk does not stay the same: the last two columns are its fsync rate, sampled for a second just before each of both. Rows at
1 connection, and beside 1 event a transaction, are decided by the disk at that moment: the bare rows make as many fsyncs and do less, so
a factor above 1 at 1 connection is no merit of Onus, and the sample need not explain all of it."""


class Limit:
    """What a figure has to reach (`at_least`) or stay below."""

    def __init__(self, value, at_least=False):
        self.value, self.at_least = value, at_least

    def judge(self, figure, unit):
        """The limit and whether the figure meets it."""
        met = figure >= self.value if self.at_least else figure < self.value
        return f"{'≥' if self.at_least else '<'} {number(self.value)} {unit}: {'met' if met else '**not met**'}"


def at_least(value):
    """A figure that should be that large."""
    return Limit(value, at_least=True)


def below(value):
    """A figure that should be smaller than that."""
    return Limit(value)


def number(value):
    """Three digits, thousands apart."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


class Report:
    """Rows as they come; printed at once, written at the end."""

    def __init__(self, head):
        self.head, self.parts, self.factors, self.notes = head, [], [], []

    def part(self, title):
        """Rows from here on belong to it."""
        self.parts.append((title, []))
        print(f"\n{title}", flush=True)

    def row(self, what, runs, unit, how="", bar=None, goal=None):
        """A figure: the median of its runs, which it returns."""
        median = statistics.median(runs)
        cells = [what, f"{number(median)} {unit}", " · ".join(number(r) for r in runs) if len(runs) > 1 else "one",
                 bar.judge(median, unit) if bar else "", goal.judge(median, unit) if goal else "", how]
        self.parts[-1][1].append(cells)
        limits = "   ".join(filter(None, [f"bar {cells[3]}" if bar else "", f"goal {cells[4]}" if goal else ""])).replace("**", "")
        print(f"  {what:58} {cells[1]:>16}   {limits or how}", flush=True)
        return median

    def note(self, text):
        """A sentence under the table of this part."""
        self.parts[-1][1].append(text)
        print(f"  {text}", flush=True)

    def block(self, text):
        """Lines as another program printed them."""
        self.parts[-1][1].append(f"```\n{text}\n```")
        print(text, flush=True)

    def factor(self, what, onus, other, other_value, disk):
        """How Onus compares; larger is better. `disk`: the disk's fsync rate while each of the two was measured."""
        self.factors.append((what, number(onus), other, number(other_value), f"{onus / other_value:.2f}", " : ".join(map(number, disk)),
                             f"{disk[0] / disk[1]:.2f}"))

    def markdown(self):
        """The page."""
        lines = ["# Benchmarks", "", PREFACE, "", *[f"{line}  " for line in self.head]]
        for title, rows in self.parts:
            tables = [r for r in rows if not isinstance(r, str)]
            lines += ["", f"## {title}", ""]
            if tables:
                lines += [COLUMNS, *["| " + " | ".join(cells) + " |" for cells in tables]]
            lines += [part for r in rows if isinstance(r, str) for part in ("", r)]
        if self.factors:
            lines += ["", "## Factors: Onus against the bare storage and against PostgreSQL, same disk, same run", "",
                      FACTORS, "", "| what | Onus, a second | the other | a second | factor | fsyncs a second, Onus : other | disk's factor |",
                      "|---|---:|---|---:|---:|---|---:|",
                      *["| " + " | ".join(f) + " |" for f in self.factors]]
        return "\n".join(lines) + "\n"

    def print_factors(self):
        """The last table, on the terminal."""
        print("\nFactors, Onus / other (larger: Onus does more a second)")
        for what, onus, other, value, factor, disk, drift in self.factors:
            print(f"  {what:32} {onus:>8}/s   {other:38} {value:>8}/s   {factor:>7}   fsyncs/s {disk} = {drift}")


class Budget:
    """How long each part may take: repeats stop where another one would not fit, so that the whole ends in time."""

    def __init__(self, seconds_by_part, all_seconds):
        self.limits, self.spent = seconds_by_part, {}
        self.end = time.monotonic() + all_seconds

    def repeated(self, part, times, measure):
        """The results of up to `times` runs, numbered from 0; always at least one."""
        results, begun, longest = [], time.monotonic(), 0.0
        for run in range(times):
            started = time.monotonic()
            if results and started + longest > min(begun + self.limits[part], self.end):
                print(f"  ({len(results)} of {times} runs: another would not fit into {self.limits[part]} s)", flush=True)
                break
            results.append(measure(run))
            longest = max(longest, time.monotonic() - started)
        self.spent[part] = self.spent.get(part, 0.0) + time.monotonic() - begun
        return results

    def lines(self):
        """Planned and spent."""
        return [f"{part}: {self.spent.get(part, 0.0):.0f} s of {limit} s" for part, limit in self.limits.items()]
