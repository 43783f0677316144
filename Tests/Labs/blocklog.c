// A disk that remembers. One file, `disk`, backed by an image; every write and every flush is written down, in order.
// Below a loop device it stands in for dm-log-writes: what a power cut can leave is rebuilt from the log.
//
//     blocklog IMAGE LOG MOUNTPOINT        in the foreground, one thread, until it is unmounted
//
// A record is {u64 offset, u64 length} in the machine's byte order, then `length` bytes. A flush is {~0, 0}: what stands
// before it is on stable storage before what stands behind it.
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int image, record;

static int append(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t done = write(record, at, length);
        if (done < 0) return -errno;
        at += done;
        length -= (size_t)done;
    }
    return 0;
}

static int note(uint64_t offset, uint64_t length) {
    uint64_t head[2] = {offset, length};
    return append(head, sizeof head);
}

static int isDisk(const char *path) { return strcmp(path, "/disk") == 0; }

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config) {
    // Each write of the loop device comes here at once, and not later from the kernel's cache.
    connection->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
    config->attr_timeout = 3600;
    return NULL;
}

static int getAttributes(const char *path, struct stat *seen, struct fuse_file_info *info) {
    (void)info;
    memset(seen, 0, sizeof *seen);
    if (strcmp(path, "/") == 0) {
        seen->st_mode = S_IFDIR | 0700;
        seen->st_nlink = 2;
        return 0;
    }
    if (!isDisk(path)) return -ENOENT;
    struct stat real;
    if (fstat(image, &real) != 0) return -errno;
    seen->st_mode = S_IFREG | 0600;
    seen->st_nlink = 1;
    seen->st_size = real.st_size;
    return 0;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t from, struct fuse_file_info *info,
                enum fuse_readdir_flags flags) {
    (void)path, (void)from, (void)info, (void)flags;
    fill(buffer, "disk", NULL, 0, 0);
    return 0;
}

static int openDisk(const char *path, struct fuse_file_info *info) {
    (void)info;
    return isDisk(path) ? 0 : -ENOENT;
}

static int readDisk(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *info) {
    (void)path, (void)info;
    ssize_t done = pread(image, buffer, length, offset);
    return done < 0 ? -errno : (int)done;
}

static int writeDisk(const char *path, const char *bytes, size_t length, off_t offset, struct fuse_file_info *info) {
    (void)path, (void)info;
    ssize_t done = pwrite(image, bytes, length, offset);
    if (done != (ssize_t)length) return done < 0 ? -errno : -EIO;
    int fault = note((uint64_t)offset, length);
    if (fault == 0) fault = append(bytes, length);
    return fault != 0 ? fault : (int)length;
}

static int flushDisk(const char *path, int dataOnly, struct fuse_file_info *info) {
    (void)path, (void)dataOnly, (void)info;
    return note(~(uint64_t)0, 0);
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: blocklog IMAGE LOG MOUNTPOINT\n");
        return 64;
    }
    image = open(words[1], O_RDWR | O_CLOEXEC);
    record = open(words[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (image < 0 || record < 0) {
        perror("blocklog");
        return 1;
    }
    static const struct fuse_operations operations = {
        .init = begin,
        .getattr = getAttributes,
        .readdir = list,
        .open = openDisk,
        .read = readDisk,
        .write = writeDisk,
        .fsync = flushDisk,
    };
    char *arguments[] = {words[0], "-f", "-s", words[3], NULL};
    return fuse_main(4, arguments, &operations, NULL);
}
