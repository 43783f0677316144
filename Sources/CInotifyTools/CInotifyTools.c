#include "CInotifyTools.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <unistd.h>

const uint32_t cit_overflow = IN_Q_OVERFLOW, cit_ignored = IN_IGNORED, cit_unmount = IN_UNMOUNT, cit_is_directory = IN_ISDIR,
               cit_moved_from = IN_MOVED_FROM, cit_moved_to = IN_MOVED_TO, cit_create = IN_CREATE, cit_delete = IN_DELETE,
               cit_delete_self = IN_DELETE_SELF, cit_move_self = IN_MOVE_SELF;

uint32_t cit_mask(void) {
    return IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR |
           IN_EXCL_UNLINK;
}

// No global of this file may be named as one of the library's ~40 unprefixed ones (initialized, verbosity, tree_wd, …).
static int cit_descriptor = -1;

static void copy(const struct inotify_event *from, struct cit_event *to) {
    to->wd = from->wd;
    to->mask = from->mask;
    to->cookie = from->cookie;
    to->name = from->len ? from->name : NULL;
    to->name_length = from->len ? strnlen(from->name, from->len) : 0; // the name is padded with NULs
}

#ifdef REPRIEVE_INOTIFYTOOLS

#include <inotifytools/inotifytools.h>

const char *cit_backend(void) { return "libinotifytools"; }

/// The inotify descriptors below FD_SETSIZE, as a set.
static void inotify_descriptors(fd_set *found) {
    FD_ZERO(found);
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char target[64];
        ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        int fd = atoi(entry->d_name);
        if (n <= 0 || fd < 0 || fd >= FD_SETSIZE) continue;
        target[n] = 0;
        if (strcmp(target, "anon_inode:inotify") == 0) FD_SET(fd, found);
    }
    closedir(directory);
}

int cit_open(void) {
    fd_set before, after;
    inotify_descriptors(&before);
    if (!inotifytools_initialize()) return inotifytools_error() > 0 ? -inotifytools_error() : -EIO;
    inotify_descriptors(&after);
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        if (!FD_ISSET(fd, &after) || FD_ISSET(fd, &before)) continue;
        // The library leaves it inheritable and blocking.
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return -errno;
        return cit_descriptor = fd;
    }
    return -EMFILE; // none below FD_SETSIZE: the library's select() would abort the process
}

int cit_next(struct cit_event *event) {
    // (0, 1) is the only call that never blocks and never spins.
    const struct inotify_event *next = inotifytools_next_events(0, 1);
    if (next) {
        copy(next, event);
        return 1;
    }
    int error = inotifytools_error();
    return error == 0 || error == EAGAIN || error == EINTR ? 0 : error > 0 ? -error : -EIO;
}

void cit_close(void) {
    inotifytools_cleanup();
    cit_descriptor = -1;
}

#else

const char *cit_backend(void) { return "inotify"; }

static char cit_buffer[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
static size_t cit_filled, cit_used;

int cit_open(void) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0) return -errno;
    cit_filled = cit_used = 0;
    return cit_descriptor = fd;
}

int cit_next(struct cit_event *event) {
    if (cit_used >= cit_filled) {
        ssize_t n = read(cit_descriptor, cit_buffer, sizeof cit_buffer);
        if (n < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        cit_filled = (size_t)n;
        cit_used = 0;
        if (n == 0) return 0;
    }
    const struct inotify_event *next = (const struct inotify_event *)(cit_buffer + cit_used);
    cit_used += sizeof *next + next->len;
    copy(next, event);
    return 1;
}

void cit_close(void) {
    if (cit_descriptor >= 0) close(cit_descriptor);
    cit_descriptor = -1;
}

#endif

int cit_add_directory(int dirfd, uint32_t mask) {
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", dirfd); // a magic link: IN_DONT_FOLLOW must not be set
    int wd = inotify_add_watch(cit_descriptor, path, mask);
    return wd < 0 ? -errno : wd;
}

int cit_remove(int wd) { return inotify_rm_watch(cit_descriptor, wd) == 0 ? 0 : -errno; }
