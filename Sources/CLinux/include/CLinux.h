// The Linux calls that Swift's Glibc module does not import, each one system call thick.
// Every function returns a value >= 0 on success and -errno on failure, so that errno cannot be lost on the way.
#ifndef CLINUX_H
#define CLINUX_H

#include <stdint.h>
#include <stddef.h>

/// What `statx` says of one object. Times are in nanoseconds since 1970.
struct cl_stat {
    uint32_t mode;      // type and permission bits
    uint32_t uid, gid;
    uint32_t nlink;
    uint64_t ino;
    uint64_t dev;       // major << 32 | minor
    uint64_t size;      // bytes
    uint64_t allocated; // bytes
    int64_t mtime, ctime, btime;
    int32_t has_btime;
    uint64_t attributes;      // STATX_ATTR_*
    uint64_t attributes_mask; // which of them this file system reports
};

/// Resolution flags for cl_openat2, together: beneath the directory, no links, no other mount; the access time left as
/// it is, where that is permitted.
#define CL_BENEATH 1u // RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS
#define CL_NO_XDEV 2u // RESOLVE_NO_XDEV
#define CL_NO_ATIME 4u // O_NOATIME

#define CL_O_PATH 010000000 // O_PATH, which glibc hides without _GNU_SOURCE

int cl_openat2(int dirfd, const char *path, int flags, uint32_t mode, uint32_t resolve);
int cl_statx(int dirfd, const char *path, int empty_path, struct cl_stat *out);
int cl_renameat2_noreplace(int olddir, const char *oldname, int newdir, const char *newname);

/// Reads raw linux_dirent64 records; 0 at the end.
long cl_getdents(int fd, void *buffer, size_t length);

/// The file handle of a name, or of the descriptor itself where the name is empty. `length` is room in, bytes out.
int cl_handle(int dirfd, const char *name, int32_t *type, uint8_t *bytes, uint32_t *length);

/// Takes a read lease for as long as `fd` is open: 0, -EAGAIN where somebody has the file open for writing.
int cl_lease(int fd);
/// 1: the lease taken with `fd` still holds, and nobody asked for it to be given up. 0: not.
int cl_holds_lease(int fd);

/// 16 bytes that name the file system: its UUID where the kernel tells it, else f_type and f_fsid.
int cl_filesystem_id(int fd, uint8_t out[16]);
/// The label that somebody gave the file system, NUL at its end.
int cl_filesystem_label(int fd, char out[257]);
/// 1: mounted read-only, 0: not.
int cl_read_only(int fd);
long cl_filesystem_type(int fd);
/// Total, free to us, and total/free inodes of the file system below `fd`.
int cl_space(int fd, uint64_t *total, uint64_t *available, uint64_t *files, uint64_t *files_free);

/// A durability barrier for everything renamed or made below `fd`: on btrfs one transaction commit, else -ENOTSUP.
int cl_btrfs_commit(int fd);

/// A pipe whose ends no other program inherits: read, write.
int cl_pipe(int ends[2]);
/// Starts a program in a process group of its own, at `/`, with default signals, these descriptors as 0, 1 and 2 and no
/// other one. Answers its process id.
int cl_spawn(const char *path, char *const arguments[], char *const environment[], int input, int output);

/// Allocates room without changing the size of the file: -errno where it cannot be had.
int cl_reserve(int fd, int64_t from, int64_t count);

/// 1: the kernel says that the wall clock is synchronised (NTP, PTP), 0: not. -EPERM where it may not be asked.
int cl_clock_is_synchronised(void);

/// Gives a new file the blocks of another one (reflink).
int cl_clone(int target, int source);
/// Where data begin at or behind `from`, and where they end; -ENXIO: only a hole is left.
int64_t cl_next_data(int fd, int64_t from, int64_t *end);
enum { CL_LOST_OWNER = 1, CL_LOST_MODE = 2, CL_LOST_TIME = 4, CL_LOST_XATTRS = 8 };
/// Owner, extended attributes, mode and times. Answers what could not be kept.
int cl_copy_attributes(int target, int source);
/// The same for a symbolic link, a pipe or a device: makes it, too.
int cl_copy_special(int source, const char *name, int target, const char *new_name);

int cl_flock(int fd, int exclusive, int wait);
int cl_sync_directory(int fd);
/// Those of 0, 1 and 2 that are closed; otherwise a file of ours could become one of them, and be printed into.
int cl_occupy_standard_descriptors(void);
int cl_ignore_signals(void); // SIGIO, SIGXFSZ, SIGPIPE: each would end the process
/// Idle I/O class and nice 19 for the calling thread alone, for good. Glibc has no ioprio_set.
int cl_background_priority(void);
int cl_eventfd(void);
int cl_eventfd_raise(int fd);
int cl_eventfd_clear(int fd);
/// Waits for any of `count` (at most 8) descriptors; bit i of the answer is set where descriptor i is ready. -EINTR is 0.
/// `urgent` has a bit for each descriptor that waits for POLLPRI instead of POLLIN: /proc/self/mountinfo.
int cl_wait(const int *fds, int count, int urgent, int timeout_ms);

// Gives memory that was freed back to the system.
void cl_trim(void);

#endif
