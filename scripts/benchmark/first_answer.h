/* How long a program takes from exec to its first right answer. */
#ifndef BENCH_FIRST_ANSWER_H
#define BENCH_FIRST_ANSWER_H

#include "connection.h"

struct first_answer {
    double seconds;                    /* from just before fork to the last byte of the first right answer */
    unsigned attempts;
    char fault[512];                   /* why the last attempt was not it; empty after success */
};

/* Starts the program (on core `cpu` unless negative, output to `log` or nowhere), polls every millisecond, ends the program.
   False when there was no right answer within `limit` seconds or the program ended by itself. */
bool first_answer_run(const struct target *t, const char *request, size_t length, char **program, int cpu, const char *log,
                      double limit, struct first_answer *answer);

#endif
