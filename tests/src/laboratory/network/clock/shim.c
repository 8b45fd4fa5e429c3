/* A wall clock of a machine's own: whatever asks the C library for the time gets the kernel's, moved by what a file
 * says. The kernel has one wall clock for all its namespaces, so that no other way leads to a wrong one.
 *
 * The file has two 64-bit numbers: nanoseconds to be added, and whether nobody keeps the clock right (not 0). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static const volatile int64_t *told(void) {
    static const int64_t nothing[2];
    static const volatile int64_t *mapped;
    if (!mapped) {
        int file = open("/run/laboratory-clock", O_RDONLY | O_CLOEXEC);
        void *at = file < 0 ? MAP_FAILED : mmap(0, 16, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0)
            close(file);
        mapped = at == MAP_FAILED ? nothing : at;
    }
    return mapped;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int done = (int)syscall(SYS_clock_gettime, clock, at);
    if (done == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t moved = at->tv_sec * BILLION + at->tv_nsec + told()[0];
        at->tv_sec = moved / BILLION;
        at->tv_nsec = moved % BILLION;
    }
    return done;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *kept) {
    int state = (int)syscall(SYS_adjtimex, kept);
    if (state < 0)
        return state;
    if (told()[1]) {
        kept->status |= STA_UNSYNC;
        return TIME_ERROR;
    }
    kept->status &= ~STA_UNSYNC;
    return TIME_OK;
}
