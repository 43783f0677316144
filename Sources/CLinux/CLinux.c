#include "CLinux.h"

#include <spawn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

// Our own copy of struct open_how: linux/openat2.h is missing from older headers.
struct cl_open_how {
    uint64_t flags, mode, resolve;
};
enum { R_NO_XDEV = 0x01, R_NO_MAGICLINKS = 0x02, R_NO_SYMLINKS = 0x04, R_BENEATH = 0x08 };

static int answer(long value) { return value < 0 ? -errno : (int)value; }

int cl_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int cl_spawn(const char *path, char *const arguments[], char *const environment[], int input, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    // Refused actions (no memory) must not start it with descriptors that are not meant for it.
    int error = posix_spawn_file_actions_adddup2(&actions, input, 0);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, output, 2);
    if (error == 0) error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (error == 0) error = posix_spawn_file_actions_addchdir_np(&actions, "/");
    pid_t pid = 0;
    if (error == 0) error = posix_spawn(&pid, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error == 0 ? pid : -error;
}

int cl_openat2(int dirfd, const char *path, int flags, uint32_t mode, uint32_t resolve) {
    struct cl_open_how how = {.flags = (uint32_t)flags, .mode = mode, .resolve = 0};
    if (resolve & CL_BENEATH) how.resolve |= R_BENEATH | R_NO_SYMLINKS | R_NO_MAGICLINKS;
    if (resolve & CL_NO_XDEV) how.resolve |= R_NO_XDEV;
    if (resolve & CL_NO_ATIME) how.flags |= O_NOATIME;
    long fd;
    int tries = 0;
    do {
        // EAGAIN: a rename elsewhere raced with the walk below RESOLVE_BENEATH; the manual says try again. With
        // O_NONBLOCK also: somebody holds a lease on the file and is asked to give it up, which takes him seconds.
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd < 0 && errno == EPERM && how.flags & O_NOATIME) {
            // It is for the owner, and who may act as one.
            how.flags &= ~(uint64_t)O_NOATIME;
            errno = EINTR;
        }
    } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 64)));
    return answer(fd);
}

static int64_t nanoseconds(struct statx_timestamp t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }

int cl_statx(int dirfd, const char *path, int empty_path, struct cl_stat *out) {
    struct statx s;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (empty_path ? AT_EMPTY_PATH : 0);
    if (statx(dirfd, path, flags, STATX_BASIC_STATS | STATX_BTIME, &s) != 0) return -errno;
    out->mode = s.stx_mode;
    out->uid = s.stx_uid;
    out->gid = s.stx_gid;
    out->nlink = s.stx_nlink;
    out->ino = s.stx_ino;
    out->dev = ((uint64_t)s.stx_dev_major << 32) | s.stx_dev_minor;
    out->size = s.stx_size;
    out->allocated = s.stx_blocks * 512;
    out->mtime = nanoseconds(s.stx_mtime);
    out->ctime = nanoseconds(s.stx_ctime);
    out->has_btime = (s.stx_mask & STATX_BTIME) != 0;
    out->btime = out->has_btime ? nanoseconds(s.stx_btime) : 0;
    out->attributes = s.stx_attributes;
    out->attributes_mask = s.stx_attributes_mask;
    return 0;
}

int cl_renameat2_noreplace(int olddir, const char *oldname, int newdir, const char *newname) {
    return answer(renameat2(olddir, oldname, newdir, newname, RENAME_NOREPLACE));
}

long cl_getdents(int fd, void *buffer, size_t length) {
    long n = syscall(SYS_getdents64, fd, buffer, length);
    return n < 0 ? -errno : n;
}

int cl_handle(int dirfd, const char *name, int32_t *type, uint8_t *bytes, uint32_t *length) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } h;
    int mount;
    h.handle.handle_bytes = MAX_HANDLE_SZ;
    if (name_to_handle_at(dirfd, name, &h.handle, &mount, name[0] ? 0 : AT_EMPTY_PATH) != 0) return -errno;
    if (h.handle.handle_bytes > *length) return -EOVERFLOW;
    *type = h.handle.handle_type;
    *length = h.handle.handle_bytes;
    memcpy(bytes, h.handle.f_handle, h.handle.handle_bytes);
    return 0;
}

int cl_lease(int fd) { return answer(fcntl(fd, F_SETLEASE, F_RDLCK)); }

// While it is being broken F_GETLEASE tells what it will become.
int cl_holds_lease(int fd) { return fcntl(fd, F_GETLEASE) == F_RDLCK; }

#ifndef FS_IOC_GETFSUUID
struct cl_fsuuid2 {
    uint8_t len;
    uint8_t uuid[16];
};
#define FS_IOC_GETFSUUID _IOR(0x15, 0, struct cl_fsuuid2)
#else
#define cl_fsuuid2 fsuuid2
#endif

int cl_filesystem_id(int fd, uint8_t out[16]) {
    struct cl_fsuuid2 u;
    memset(out, 0, 16);
    if (ioctl(fd, FS_IOC_GETFSUUID, &u) == 0 && u.len == 16) {
        memcpy(out, u.uuid, 16);
        return 0;
    }
    struct btrfs_ioctl_fs_info_args info = {0};
    struct statfs s;
    if (fstatfs(fd, &s) != 0) return -errno;
    if (s.f_type == 0x9123683E && ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0) {
        memcpy(out, info.fsid, 16);
        return 0;
    }
    memcpy(out, &s.f_type, 8);
    memcpy(out + 8, &s.f_fsid, 8);
    return 0;
}

#ifndef FS_IOC_GETFSLABEL
#define FS_IOC_GETFSLABEL _IOR(0x94, 49, char[256])
#endif

int cl_filesystem_label(int fd, char out[257]) {
    memset(out, 0, 257);
    return answer(ioctl(fd, FS_IOC_GETFSLABEL, out));
}

int cl_read_only(int fd) {
    struct statvfs s;
    if (fstatvfs(fd, &s) != 0) return -errno;
    return (s.f_flag & ST_RDONLY) != 0;
}

long cl_filesystem_type(int fd) {
    struct statfs s;
    return fstatfs(fd, &s) == 0 ? (long)s.f_type : -errno;
}

int cl_space(int fd, uint64_t *total, uint64_t *available, uint64_t *files, uint64_t *files_free) {
    struct statvfs s;
    if (fstatvfs(fd, &s) != 0) return -errno;
    *total = (uint64_t)s.f_blocks * s.f_frsize;
    *available = (uint64_t)s.f_bavail * s.f_frsize;
    *files = s.f_files;
    *files_free = s.f_favail;
    return 0;
}

int cl_btrfs_commit(int fd) {
    struct statfs s;
    if (fstatfs(fd, &s) != 0) return -errno;
    if (s.f_type != 0x9123683E) return -ENOTSUP;
    uint64_t transaction = 0;
    if (ioctl(fd, BTRFS_IOC_START_SYNC, &transaction) != 0) return -errno;
    return answer(ioctl(fd, BTRFS_IOC_WAIT_SYNC, &transaction));
}

int cl_reserve(int fd, int64_t from, int64_t count) {
    return answer(fallocate(fd, FALLOC_FL_KEEP_SIZE, from, count));
}

int cl_flock(int fd, int exclusive, int wait) {
    return answer(flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB)));
}

int cl_sync_directory(int fd) { return answer(fsync(fd)); }

int cl_occupy_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++) {
        // Always there, and can be neither read nor written: whoever tries gets EBADF, as from a closed one.
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) != fd) return -EBADF;
    }
    return 0;
}

int cl_ignore_signals(void) {
    if (signal(SIGIO, SIG_IGN) == SIG_ERR) return -errno;
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return -errno;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return -errno;
    return 0;
}

int cl_background_priority(void) {
    // 0 is the calling thread: on Linux both calls are about threads, whatever POSIX says of nice.
    enum { WHO_PROCESS = 1, CLASS_IDLE = 3, CLASS_SHIFT = 13 };
    if (syscall(SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE << CLASS_SHIFT) != 0) return -errno;
    return answer(setpriority(PRIO_PROCESS, 0, 19));
}

int cl_eventfd(void) { return answer(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int cl_eventfd_raise(int fd) {
    uint64_t one = 1;
    return write(fd, &one, sizeof one) == sizeof one || errno == EAGAIN ? 0 : -errno;
}

int cl_eventfd_clear(int fd) {
    uint64_t value;
    return read(fd, &value, sizeof value) == sizeof value || errno == EAGAIN ? 0 : -errno;
}

int cl_wait(const int *fds, int count, int urgent, int timeout_ms) {
    struct pollfd p[8];
    if (count < 0 || count > 8) return -EINVAL;
    for (int i = 0; i < count; i++) p[i] = (struct pollfd){.fd = fds[i], .events = urgent & (1 << i) ? POLLPRI : POLLIN};
    int n = poll(p, (nfds_t)count, timeout_ms);
    if (n < 0) return errno == EINTR ? 0 : -errno;
    int ready = 0;
    for (int i = 0; i < count; i++)
        if (p[i].revents) ready |= 1 << i;
    return ready;
}

int cl_clock_is_synchronised(void) {
    struct timex now = {.modes = 0}; // only asks
    if (adjtimex(&now) < 0) return -errno;
    // Whoever sets the clock by hand sets this flag as well; a time service takes it away again.
    return !(now.status & STA_UNSYNC);
}

void cl_trim(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int cl_clone(int target, int source) { return answer(ioctl(target, FICLONE, source)); }

int64_t cl_next_data(int fd, int64_t from, int64_t *end) {
    off_t start = lseek(fd, from, SEEK_DATA);
    if (start < 0) return -errno;
    off_t hole = lseek(fd, start, SEEK_HOLE);
    if (hole < 0) return -errno;
    *end = hole;
    return start;
}

static int copy_xattrs(int target, int source) {
    char names[65536], value[65536];
    int lost = 0;
    ssize_t length = flistxattr(source, names, sizeof names);
    if (length < 0) return errno == ENOTSUP || errno == EOPNOTSUPP ? 0 : CL_LOST_XATTRS;
    for (char *name = names; name < names + length; name += strlen(name) + 1) {
        ssize_t size = fgetxattr(source, name, value, sizeof value);
        if (size < 0 || fsetxattr(target, name, value, (size_t)size, 0) != 0) lost = CL_LOST_XATTRS;
    }
    return lost;
}

int cl_copy_attributes(int target, int source) {
    struct stat seen;
    if (fstat(source, &seen) != 0) return -errno;
    // The owner first: a change of owner takes set-user-id away.
    int lost = fchown(target, seen.st_uid, seen.st_gid) == 0 ? 0 : CL_LOST_OWNER;
    lost |= copy_xattrs(target, source);
    mode_t mode = seen.st_mode & 07777;
    if (lost & CL_LOST_OWNER) mode &= 01777;
    if (fchmod(target, mode) != 0) lost |= CL_LOST_MODE;
    struct timespec times[2] = {seen.st_atim, seen.st_mtim};
    if (futimens(target, times) != 0) lost |= CL_LOST_TIME;
    return lost;
}

int cl_copy_special(int source, const char *name, int target, const char *new_name) {
    struct stat seen;
    if (fstatat(source, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) return -errno;
    if (S_ISLNK(seen.st_mode)) {
        char to[PATH_MAX];
        ssize_t length = readlinkat(source, name, to, sizeof to - 1);
        if (length < 0) return -errno;
        to[length] = 0;
        if (symlinkat(to, target, new_name) != 0) return -errno;
    } else if (mknodat(target, new_name, seen.st_mode, seen.st_rdev) != 0) {
        return -errno;
    }
    int lost = 0;
    if (fchownat(target, new_name, seen.st_uid, seen.st_gid, AT_SYMLINK_NOFOLLOW) != 0) lost |= CL_LOST_OWNER;
    if (!S_ISLNK(seen.st_mode) && fchmodat(target, new_name, seen.st_mode & 07777, 0) != 0) lost |= CL_LOST_MODE;
    struct timespec times[2] = {seen.st_atim, seen.st_mtim};
    if (utimensat(target, new_name, times, AT_SYMLINK_NOFOLLOW) != 0) lost |= CL_LOST_TIME;
    return lost;
}
