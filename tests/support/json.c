#include "tests/support/json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"

/* Reads a path and an expression, one a line, and answers with a zero byte behind. Not only what
 * Python takes counts, but what JSON is: no NaN. */
static const char program[] = "import json, sys\n"
                              "def refuse(word): raise ValueError(word + ' is no JSON')\n"
                              "for path in sys.stdin:\n"
                              "    asked = sys.stdin.readline()\n"
                              "    try:\n"
                              "        with open(path.strip(), encoding='utf-8') as file:\n"
                              "            d = json.load(file, parse_constant=refuse)\n"
                              "        answer = str(eval(asked))\n"
                              "    except Exception as error:\n"
                              "        answer = repr(error)\n"
                              "    sys.stdout.buffer.write(answer.encode() + b'\\0')\n"
                              "    sys.stdout.flush()\n";

/* One for the whole process, as it takes longer to start than to answer. It ends with us. */
static int start_python(void)
{
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        execlp("python3", "python3", "-I", "-S", "-c", program, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    return ends[0];
}

static void read_answer(int python, struct bytes *answer)
{
    char byte = 1;

    while (byte != '\0') {
        CHECK(read(python, &byte, 1) == 1);
        bytes_add(answer, &byte, 1);
    }
}

char *json_ask(const struct bytes *document, const char *asked)
{
    static int python = -1;
    struct bytes answer = {0};
    int fd = memfd_create("document", 0);

    if (python < 0) {
        python = start_python();
    }
    CHECK(fd >= 0 && write(fd, document->at, document->size) == (ssize_t)document->size);
    CHECK(dprintf(python, "/proc/%d/fd/%d\n%s\n", (int)getpid(), fd, asked) > 0);
    read_answer(python, &answer);
    close(fd);

    char *text = memory_copy(answer.at, answer.size - 1);

    bytes_clear(&answer);
    return text;
}
