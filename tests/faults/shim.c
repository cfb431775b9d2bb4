/* Makes chosen calls on files of one directory fail, or the process die at them: preloaded into `onus` by the fault table, where
 * ptrace is refused and where an index must be counted over all threads, or over one file. It does not reach calls that are made
 * past the C library (the rename of Rust's `tempfile`, `flock`): those are strace's.
 *
 * ONUS_FAULT_ROOT   files below this directory (and beginning with its name) are looked at, others are let through
 * ONUS_FAULT_LOG    where one line per call (counting), or one line when the fault strikes, is added
 * ONUS_FAULT_CALL   the call by its kernel name, or "disk": everything that changes a file; unset: count only
 * ONUS_FAULT_CLASS  the file, as classify() names it, or "any"
 * ONUS_FAULT_WHEN   at which of these calls, from 1; with a "+": from that one on
 * ONUS_FAULT_EFFECT EIO, ENOSPC, SIGKILL (before the call), TORN (half is written, then SIGKILL), SHORT (half, then ENOSPC)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum effect { NONE, FAIL_EIO, FAIL_ENOSPC, KILLED, TORN, SHORT };

static const char *root, *log_path, *call_wanted, *class_wanted;
static unsigned long when;
static int is_lasting;
static enum effect wanted;
static atomic_ulong count;

__attribute__((constructor)) static void begin(void)
{
    root = getenv("ONUS_FAULT_ROOT");
    log_path = getenv("ONUS_FAULT_LOG");
    call_wanted = getenv("ONUS_FAULT_CALL");
    class_wanted = getenv("ONUS_FAULT_CLASS");
    const char *at = getenv("ONUS_FAULT_WHEN");
    if (at) {
        when = strtoul(at, NULL, 10);
        is_lasting = strchr(at, '+') != NULL;
    }
    const char *name = getenv("ONUS_FAULT_EFFECT");
    static const char *names[] = { "", "EIO", "ENOSPC", "SIGKILL", "TORN", "SHORT" };
    for (int i = 1; name && i < 6; i++)
        if (!strcmp(name, names[i])) wanted = (enum effect)i;
}

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !strcmp(text + a - b, end);
}

/* Which of the ledger's files a path is; NULL for what lies elsewhere. */
static const char *classify(const char *path)
{
    static const char *files[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal",
                                   "service.db", "service.db-wal", "service.db-shm", "service.db-journal" };
    if (!root || strncmp(path, root, strlen(root))) return NULL;
    const char *rest = path + strlen(root);
    if (!strncmp(rest, ".high-water", 11)) return "mark";
    for (int i = 0; i < 8; i++)
        if (*rest == '/' && !strcmp(rest + 1, files[i])) return files[i];
    if (!strncmp(rest, "/index", 6)) return "index";
    if (!strncmp(rest, "/keys", 5)) return "keys";
    if (ends_with(rest, ".lock") || ends_with(rest, "opening")) return "locks";
    return "folder";
}

static const char *class_of_fd(int fd)
{
    char link[64], path[PATH_MAX];
    if (fd <= 2) return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    return classify(path);
}

static void tell(const char *call, const char *class)
{
    char line[128];
    int saved = errno;
    int length = snprintf(line, sizeof line, "%s %s\n", call, class);
    long fd = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        syscall(SYS_write, fd, line, length);
        syscall(SYS_close, fd);
    }
    errno = saved;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What happens to this call. `changes` says whether it changes a file. */
static enum effect strike(const char *call, const char *class, int changes)
{
    if (!class || !log_path) return NONE;
    if (!call_wanted) {
        tell(call, class);
        if (changes) tell("disk", "any");
        return NONE;
    }
    int is_call = !strcmp(call_wanted, call) || (changes && !strcmp(call_wanted, "disk"));
    int is_class = !strcmp(class_wanted, "any") || !strcmp(class_wanted, class);
    if (!is_call || !is_class) return NONE;
    unsigned long now = atomic_fetch_add(&count, 1) + 1;
    if (now != when && !(is_lasting && now > when)) return NONE;
    if (now == when) tell("struck", call);
    if (wanted == KILLED) die();
    return wanted;
}

/* The answer of a call that fails; 0 if it is made. */
static int fails(enum effect effect)
{
    if (effect == FAIL_EIO) errno = EIO;
    else if (effect == FAIL_ENOSPC || effect == SHORT) errno = ENOSPC;
    else return 0;
    return 1;
}


static int open_it(int dir, const char *path, int flags, mode_t mode)
{
    int changes = (flags & (O_CREAT | O_TRUNC)) != 0;
    enum effect effect = strike("openat", path[0] == '/' ? classify(path) : NULL, changes);
    if (fails(effect)) return -1;
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define MODE_OF(flags)                                  \
    mode_t mode = 0;                                    \
    if (flags & (O_CREAT | O_TMPFILE)) {                \
        va_list rest;                                   \
        va_start(rest, flags);                          \
        mode = va_arg(rest, mode_t);                    \
        va_end(rest);                                   \
    }

int open(const char *path, int flags, ...) { MODE_OF(flags) return open_it(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return open_it(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE_OF(flags) return open_it(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE_OF(flags) return open_it(dir, path, flags, mode); }

ssize_t write(int fd, const void *bytes, size_t length)
{
    enum effect effect = strike("write", class_of_fd(fd), 1);
    if ((effect == TORN || effect == SHORT) && length > 1) {
        long written = syscall(SYS_write, fd, bytes, length / 2);
        if (effect == TORN) die();
        return written;
    }
    if (fails(effect)) return -1;
    return syscall(SYS_write, fd, bytes, length);
}

static ssize_t pwrite_it(int fd, const void *bytes, size_t length, off_t at)
{
    enum effect effect = strike("pwrite64", class_of_fd(fd), 1);
    if (effect == TORN || effect == SHORT) {
        syscall(SYS_pwrite64, fd, bytes, length / 2, at);
        if (effect == TORN) die();
    }
    if (fails(effect)) return -1;
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite_it(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at) { return pwrite_it(fd, bytes, length, at); }

static ssize_t pread_it(int fd, void *bytes, size_t length, off_t at)
{
    enum effect effect = strike("pread64", class_of_fd(fd), 0);
    if (fails(effect)) return -1;
    return syscall(SYS_pread64, fd, bytes, length, at);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return pread_it(fd, bytes, length, at); }
ssize_t pread64(int fd, void *bytes, size_t length, off_t at) { return pread_it(fd, bytes, length, at); }

ssize_t read(int fd, void *bytes, size_t length)
{
    enum effect effect = strike("read", class_of_fd(fd), 0);
    if (fails(effect)) return -1;
    return syscall(SYS_read, fd, bytes, length);
}

#define ON_FD(name, signature, call, ...)                                  \
    int name signature                                                     \
    {                                                                      \
        enum effect effect = strike(call, class_of_fd(fd), 1);             \
        if (fails(effect)) return -1;                                      \
        return (int)syscall(__VA_ARGS__);                   \
    }

ON_FD(fsync, (int fd), "fsync", SYS_fsync, fd)
ON_FD(fdatasync, (int fd), "fdatasync", SYS_fdatasync, fd)
ON_FD(ftruncate, (int fd, off_t length), "ftruncate", SYS_ftruncate, fd, length)
ON_FD(ftruncate64, (int fd, off_t length), "ftruncate", SYS_ftruncate, fd, length)

#define ON_PATH(name, signature, call, ...)                                \
    int name signature                                                     \
    {                                                                      \
        enum effect effect = strike(call, classify(path), 1);              \
        if (fails(effect)) return -1;                                      \
        return (int)syscall(__VA_ARGS__);                   \
    }

ON_PATH(unlink, (const char *path), "unlink", SYS_unlinkat, AT_FDCWD, path, 0)
ON_PATH(mkdir, (const char *path, mode_t mode), "mkdir", SYS_mkdirat, AT_FDCWD, path, mode)
ON_PATH(rename, (const char *path, const char *to), "rename", SYS_renameat2, AT_FDCWD, path, AT_FDCWD, to, 0)
