"""What the figures were taken on, and what the kernel says about processes: processor time, memory, page cache, the disk's fsync."""
import os
import platform
import subprocess
import time

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
APPEND_BYTES = 4096


def describe(scratch):
    """Lines about processor, memory, disk, kernel, compiler, commit, and how busy the machine was before."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    device, mount, kind, options = filesystem_of(scratch)
    space = os.statvfs(scratch)
    return [
        f"machine: {cpu}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, Linux {platform.release()}",
        f"disk: {device} on {mount}, {kind} ({options}), {space.f_bavail * space.f_frsize / 2**30:.0f} GiB free",
        f"program: commit {output('git', 'describe', '--always', '--dirty')}, {output('rustc', '--version')}, release profile",
        f"load average before: {' '.join(f'{x:.2f}' for x in os.getloadavg())}",
    ]


def output(*command):
    """What a command prints, or that it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"({command[0]} says nothing)"


def filesystem_of(path):
    """Device, mount point, type and options of the file system that a path lies on."""
    path = os.path.realpath(path)
    mounts = [line.split()[:4] for line in open("/proc/self/mounts")]
    under = [m for m in mounts if path == m[1] or path.startswith(m[1].rstrip("/") + "/")]
    return max(under, key=lambda m: len(m[1]))


def fsync_rate(folder, seconds):
    """Appends of 4 KiB, each followed by fdatasync, one after another: rate a second, p50 and p99 in milliseconds."""
    path = os.path.join(folder, "fsync")
    times = []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        begun = time.monotonic()
        os.write(file, b"\x07" * APPEND_BYTES)
        os.fdatasync(file)
        times.append(time.monotonic() - begun)
    elapsed = time.monotonic() - started
    os.close(file)
    os.remove(path)
    times.sort()
    return len(times) / elapsed, times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3


def cpu_seconds(pid):
    """User and system time a process has had, its ended threads included."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def memory_mib(pid):
    """VmRSS, VmHWM, RssAnon and RssFile of a process, in MiB."""
    wanted = ("VmRSS", "VmHWM", "RssAnon", "RssFile")
    lines = (line.split() for line in open(f"/proc/{pid}/status"))
    return {words[0][:-1]: int(words[1]) / 1024 for words in lines if words and words[0][:-1] in wanted}


def drop_page_cache(folder):
    """Makes the next reader of a folder read from the disk; says how."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3")
        return "page cache dropped by /proc/sys/vm/drop_caches"
    except OSError:
        for path, _, names in os.walk(folder):
            for name in names:
                file = os.open(os.path.join(path, name), os.O_RDONLY)
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(file)
        return "page cache dropped by posix_fadvise(DONTNEED) on each file: not root"


def folder_bytes(folder):
    """Bytes of all files below a folder."""
    return sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(folder) for name in names)
