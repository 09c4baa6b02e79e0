/* The floor: a program on a pty, drained and searched with nothing kept (sentinel), or asked and answered (pairs). */
#define _GNU_SOURCE
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int spawn(char *const argv[]) {
    int fd;
    struct termios raw;
    cfmakeraw((memset(&raw, 0, sizeof raw), &raw));
    raw.c_cflag |= CREAD;
    pid_t pid = forkpty(&fd, NULL, &raw, NULL);
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    return fd;
}

int main(int argc, char **argv) {
    static char buffer[65536];
    if (argc >= 3 && strcmp(argv[1], "sentinel") == 0) {
        char *const cat[] = {"cat", argv[2], NULL};
        int fd = spawn(cat);
        const char *wanted = "SENTINEL-deadbeef exit=0";
        size_t length = strlen(wanted), kept = 0;
        for (;;) {
            ssize_t count = read(fd, buffer + kept, sizeof buffer - kept);
            if (count <= 0) return 1;
            size_t all = kept + count;
            if (memmem(buffer, all, wanted, length)) return 0;
            kept = all < length - 1 ? all : length - 1;
            memmove(buffer, buffer + all - kept, kept);
        }
    }
    if (argc >= 4 && strcmp(argv[1], "pairs") == 0) {
        char *const peer[] = {argv[2], NULL};
        int fd = spawn(peer), count = atoi(argv[3]);
        struct timespec began, ended;
        clock_gettime(CLOCK_MONOTONIC, &began);
        for (int n = 0; n < count; n++) {
            char ask[64], wanted[64];
            int size = sprintf(ask, "ask %d\n", n);
            sprintf(wanted, "OK %d\n", n);
            if (write(fd, ask, size) != size) return 1;
            size_t all = 0;
            do {
                ssize_t got = read(fd, buffer + all, sizeof buffer - all);
                if (got <= 0) return 1;
                all += got;
            } while (!memmem(buffer, all, wanted, strlen(wanted)));
        }
        clock_gettime(CLOCK_MONOTONIC, &ended);
        double us = (ended.tv_sec - began.tv_sec) * 1e6 + (ended.tv_nsec - began.tv_nsec) / 1e3;
        printf("{\"us\": %.2f}\n", us / count);
        return 0;
    }
    return 2;
}
