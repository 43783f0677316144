// The least that a move into a trash can cost: one renameat2 a file, NOREPLACE, the directories mirrored, and each
// directory synced once. Prints the milliseconds.
//   rename-loop FROM TO STAYS: FROM holds directories of files; TO is made; names with STAYS in them are left, as the
//   newest of each series is with us.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 4) return 64;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (mkdir(argv[2], 0750) != 0) fail(argv[2]);
    DIR *top = opendir(argv[1]);
    int to = open(argv[2], O_RDONLY | O_DIRECTORY);
    if (!top || to < 0) fail("open");
    for (struct dirent *d; (d = readdir(top));) {
        if (d->d_name[0] == '.') continue;
        int source = openat(dirfd(top), d->d_name, O_RDONLY | O_DIRECTORY);
        if (mkdirat(to, d->d_name, 0750) != 0) fail("mkdir");
        int target = openat(to, d->d_name, O_RDONLY | O_DIRECTORY);
        DIR *list = fdopendir(dup(source));
        if (source < 0 || target < 0 || !list) fail(d->d_name);
        int n = 0;
        for (struct dirent *e; (e = readdir(list));) {
            if (e->d_name[0] == '.' || strstr(e->d_name, argv[3])) continue;
            if (renameat2(source, e->d_name, target, e->d_name, RENAME_NOREPLACE) != 0) fail(e->d_name);
            n++;
        }
        if (fsync(source) != 0 || fsync(target) != 0) fail("fsync");
        closedir(list);
        close(source);
        close(target);
    }
    if (fsync(to) != 0) fail("fsync");
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.1f\n", (end.tv_sec - begin.tv_sec) * 1e3 + (end.tv_nsec - begin.tv_nsec) / 1e6);
    return 0;
}
