/* A disk that fails, for the process that has this loaded before all else (LD_PRELOAD; see faulty-disk.ts).
 *
 * What has a path that begins with FAULTY_PATH is on that disk. The file that FAULTY_DISK names says how it is, and is read anew at
 * each call:
 *
 *   full      every write fails: no space is left (ENOSPC)
 *   readonly  nothing can be opened for writing, or written (EROFS)
 *   torn      the next write is done by half, and then the process is killed
 *   lying     syncing says that it is done, and nothing is synced
 *   power N   the process is killed at its next write, and of what was written while the disk lied each block stays as
 *             it is or goes back to what it was: N chooses
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK 4096
#define PATH 1024
#define REAL(name)                                             \
  static __typeof__(&name) real;                               \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* What was written while the disk lied, the newest first. */
struct undo {
  char path[PATH];
  off_t at;
  size_t length;
  unsigned char *was; /* null where a file was made by renaming */
  size_t was_length;
  int is_renaming;
  struct undo *next;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct undo *undos = NULL;

static int is_here(const char *path) {
  const char *beginning = getenv("FAULTY_PATH");
  return beginning && strncmp(path, beginning, strlen(beginning)) == 0;
}

static int path_of(int fd, char *path) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_here(path);
}

static int open_real(const char *path, int flags, int mode) {
  static int (*real)(const char *, int, ...);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  return real(path, flags, mode);
}

/* How the disk is; `seed` is the number behind the word. */
static int disk_is(const char *how, unsigned *seed) {
  char word[32] = "", text[64];
  const char *file = getenv("FAULTY_DISK");
  int fd = file ? open_real(file, O_RDONLY | O_CLOEXEC, 0) : -1;
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  unsigned number = 1;
  sscanf(text, "%31s %u", word, &number);
  if (seed) *seed = number;
  return strcmp(word, how) == 0;
}

static ssize_t write_real(int fd, const void *bytes, size_t length, off_t at) {
  static ssize_t (*real)(int, const void *, size_t, off_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite64");
  return real(fd, bytes, length, at);
}

static void read_old(const char *path, off_t at, size_t length, struct undo *undo) {
  int fd = open_real(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  undo->was = malloc(length ? length : 1);
  ssize_t got = pread64(fd, undo->was, length, at);
  undo->was_length = got > 0 ? (size_t)got : 0;
  close(fd);
}

static void remember(const char *path, off_t at, size_t length, int is_renaming) {
  if (!disk_is("lying", NULL)) return;
  struct undo *undo = calloc(1, sizeof *undo);
  strncpy(undo->path, path, PATH - 1);
  undo->at = at;
  undo->length = length;
  undo->is_renaming = is_renaming;
  read_old(path, at, length, undo);
  undo->next = undos;
  undos = undo;
}

/* A block that stayed keeps all that was written into it before. */
struct kept {
  char path[PATH];
  off_t block;
  struct kept *next;
};

static int stays(struct kept **all, const char *path, off_t block, unsigned *seed) {
  for (struct kept *each = *all; each; each = each->next)
    if (each->block == block && strcmp(each->path, path) == 0) return 1;
  if ((rand_r(seed) & 1) == 0) return 0;
  struct kept *kept = calloc(1, sizeof *kept);
  strncpy(kept->path, path, PATH - 1);
  kept->block = block;
  kept->next = *all;
  *all = kept;
  return 1;
}

static void cut_power(unsigned seed) {
  struct kept *kept = NULL;
  for (struct undo *undo = undos; undo; undo = undo->next) {
    if (undo->is_renaming) {
      if (stays(&kept, undo->path, -1, &seed)) continue;
      if (!undo->was) unlink(undo->path);
    }
    int fd = open_real(undo->path, O_WRONLY | O_CLOEXEC | (undo->is_renaming ? O_TRUNC : 0), 0);
    if (fd < 0) continue;
    for (off_t at = undo->at; at < undo->at + (off_t)undo->length;) {
      off_t end = (at / BLOCK + 1) * BLOCK;
      if (end > undo->at + (off_t)undo->length) end = undo->at + (off_t)undo->length;
      if (undo->is_renaming || !stays(&kept, undo->path, at / BLOCK, &seed)) {
        unsigned char block[BLOCK] = {0};
        size_t from = at - undo->at, length = end - at;
        if (from < undo->was_length)
          memcpy(block, undo->was + from, undo->was_length - from < length ? undo->was_length - from : length);
        if (!undo->is_renaming || from < undo->was_length) write_real(fd, block, length, at);
      }
      at = end;
    }
    if (undo->is_renaming) (void)!ftruncate64(fd, (off_t)undo->was_length);
    close(fd);
  }
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static ssize_t put(int fd, const char *path, const void *bytes, size_t length, off_t at, int moves) {
  unsigned seed;
  if (disk_is("full", NULL)) return errno = ENOSPC, -1;
  if (disk_is("readonly", NULL)) return errno = EROFS, -1;
  if (disk_is("power", &seed)) {
    cut_power(seed);
    die();
  }
  if (disk_is("torn", NULL)) {
    write_real(fd, bytes, length / 2, at);
    die();
  }
  remember(path, at, length, 0);
  ssize_t written = write_real(fd, bytes, length, at);
  if (moves && written > 0) lseek64(fd, at + written, SEEK_SET);
  return written;
}

static off_t place_of(int fd) {
  struct stat64 stat;
  if (!(fcntl(fd, F_GETFL) & O_APPEND)) return lseek64(fd, 0, SEEK_CUR);
  return fstat64(fd, &stat) == 0 ? stat.st_size : 0;
}

static ssize_t put_alone(int fd, const char *path, const void *bytes, size_t length, off_t at, int moves) {
  pthread_mutex_lock(&turn);
  ssize_t written = put(fd, path, bytes, length, at, moves);
  int why = errno;
  pthread_mutex_unlock(&turn);
  errno = why;
  return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  char path[PATH];
  REAL(write);
  if (!path_of(fd, path)) return real(fd, bytes, length);
  return put_alone(fd, path, bytes, length, place_of(fd), 1);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  char path[PATH];
  REAL(pwrite64);
  if (!path_of(fd, path)) return real(fd, bytes, length, at);
  return put_alone(fd, path, bytes, length, at, 0);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  char path[PATH];
  REAL(writev);
  if (!path_of(fd, path)) return real(fd, parts, count);
  ssize_t all = 0;
  for (int i = 0; i < count; i++) {
    ssize_t written = write(fd, parts[i].iov_base, parts[i].iov_len);
    if (written < 0) return all ? all : -1;
    all += written;
  }
  return all;
}

static int sync_file(int fd, int (*real)(int)) {
  char path[PATH];
  if (path_of(fd, path) && disk_is("lying", NULL)) return 0;
  return real(fd);
}

int fsync(int fd) {
  REAL(fsync);
  return sync_file(fd, real);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return sync_file(fd, real);
}

int ftruncate64(int fd, off64_t size) {
  char path[PATH];
  struct stat64 stat;
  REAL(ftruncate64);
  if (path_of(fd, path)) {
    if (disk_is("readonly", NULL)) return errno = EROFS, -1;
    if (fstat64(fd, &stat) == 0 && stat.st_size > size) remember(path, size, stat.st_size - size, 0);
  }
  return real(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int rename(const char *from, const char *to) {
  struct stat64 stat;
  REAL(rename);
  if (is_here(to)) {
    if (disk_is("readonly", NULL)) return errno = EROFS, -1;
    remember(to, 0, stat64(to, &stat) == 0 ? stat.st_size : 0, 1);
  }
  return real(from, to);
}

static int open_checked(const char *path, int flags, int mode) {
  if (is_here(path) && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && disk_is("readonly", NULL))
    return errno = EROFS, -1;
  return open_real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return open_checked(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return open_checked(path, flags, mode);
}
