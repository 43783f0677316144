// inotify behind six functions, read through libinotifytools (REPRIEVE_INOTIFYTOOLS) or by itself.
//
// libinotifytools owns the inotify instance and decodes its events. Its watch table, its recursion and its
// cleanup-and-start-again are not used: the recursion scans before it watches and loses directories, and a second
// start delivers stale events. Watches are added here, on its descriptor, which it does not tell and which is
// therefore found by comparing /proc/self/fd before and after.
//
// The library's state is global: one instance a process, and every call from one thread.
// Functions return a value >= 0 on success and -errno on failure.
#ifndef CINOTIFYTOOLS_H
#define CINOTIFYTOOLS_H

#include <stddef.h>
#include <stdint.h>

struct cit_event {
    int32_t wd; // -1 for an overflow of the queue
    uint32_t mask;
    uint32_t cookie;
    const char *name; // raw bytes, valid until the next call; NULL for an event of the directory itself
    size_t name_length;
};

/// Opens the instance: its descriptor, close-on-exec and non-blocking, for poll() only.
/// Call it before other descriptors are opened: the library cannot use one of 1024 or more.
int cit_open(void);
/// 1 and one event, or 0 when the queue is empty. Call until 0: events may wait in a buffer that poll() does not see.
int cit_next(struct cit_event *event);
/// Watches the directory behind an open descriptor (never a path: a link swapped in would be followed).
int cit_add_directory(int dirfd, uint32_t mask);
int cit_remove(int wd);
void cit_close(void);
/// "libinotifytools" or "inotify".
const char *cit_backend(void);

/// What we ask for. No MODIFY (one event a write), no OPEN or ACCESS (our own scan would flood the queue).
uint32_t cit_mask(void);
extern const uint32_t cit_overflow, cit_ignored, cit_unmount, cit_is_directory, cit_moved_from, cit_moved_to, cit_create,
    cit_delete, cit_delete_self, cit_move_self;

#endif
