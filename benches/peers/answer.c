/* The other side of the pairs: `ask N` is answered with `OK N`; with an argument it echoes and prompts like a console. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct termios raw;
    if (tcgetattr(0, &raw) == 0) {
        cfmakeraw(&raw);
        tcsetattr(0, TCSANOW, &raw);
    }
    int console = argc > 1;
    char line[4096], out[8192];
    size_t length = 0;
    if (console) write(1, "q>", 2);
    for (;;) {
        char in[4096];
        ssize_t count = read(0, in, sizeof in);
        if (count <= 0) return 0;
        size_t put = 0;
        for (ssize_t at = 0; at < count; at++) {
            if (in[at] == '\n' || in[at] == '\r') {
                line[length] = 0;
                put += sprintf(out + put, console ? "\r\nOK %s\r\nq>" : "OK %s\n", length > 4 ? line + 4 : "");
                length = 0;
            } else {
                if (length < sizeof line - 1) line[length++] = in[at];
                if (console) out[put++] = in[at];
            }
        }
        write(1, out, put);
    }
}
