/* Preloaded, it makes every sync of a program last SYNC_DELAY_US microseconds longer, at no other cost. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int longer(const char *name, int file) {
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *delay = getenv("SYNC_DELAY_US");
    int outcome = sync(file);
    int error = errno;
    if (delay != NULL) usleep((useconds_t)atoi(delay));
    errno = error;
    return outcome;
}

int fsync(int file) { return longer("fsync", file); }
int fdatasync(int file) { return longer("fdatasync", file); }
