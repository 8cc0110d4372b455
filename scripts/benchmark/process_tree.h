/* What a process and all its descendants have used. */
#ifndef BENCH_PROCESS_TREE_H
#define BENCH_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

/* CPU time (user + system) of the tree so far, in nanoseconds. Threads that have ended count; processes that have ended do not. */
uint64_t tree_cpu_ns(pid_t root);

/* Resident memory of the tree in KiB: the sum over its processes, shared pages counted in each. */
uint64_t tree_rss_kib(pid_t root);

#endif
