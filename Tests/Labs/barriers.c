// Preloaded into a program: counts its barriers, over all of its threads, and ends it dead before one of them.
//
//     BARRIER_LOG     a file that gets one byte for each barrier
//     BARRIER_LAST    before this one, counted from 1, the process is killed; 0: never
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int seen;

static void barrier(void) {
    const char *last = getenv("BARRIER_LAST"), *log = getenv("BARRIER_LOG");
    int number = atomic_fetch_add(&seen, 1) + 1;
    int record = log == NULL ? -1 : open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (record < 0 || write(record, ".", 1) != 1) abort();
    close(record);
    if (last != NULL && number == atoi(last)) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

int fsync(int descriptor) {
    barrier();
    return (int)syscall(SYS_fsync, descriptor);
}

int fdatasync(int descriptor) {
    barrier();
    return (int)syscall(SYS_fdatasync, descriptor);
}

int syncfs(int descriptor) {
    barrier();
    return (int)syscall(SYS_syncfs, descriptor);
}
