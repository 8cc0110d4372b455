#define _GNU_SOURCE
#include "process_tree.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAX_PROCESSES = 4096 };

static pid_t parent_of(pid_t pid) {
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    int parent = 0;
    while (file && fgets(line, sizeof line, file) && sscanf(line, "PPid: %d", &parent) != 1) {}
    if (file) fclose(file);
    return parent;
}

/* Fills tree with root and its descendants; returns how many. Parents come before their children. */
static int collect(pid_t root, pid_t *tree) {
    static pid_t pids[MAX_PROCESSES], parents[MAX_PROCESSES];
    int known = 0, count = 1;
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && known < MAX_PROCESSES && (entry = readdir(proc));) {
        pid_t pid = atoi(entry->d_name);
        if (pid <= 0 || pid == root) continue;
        pids[known] = pid;
        parents[known++] = parent_of(pid);
    }
    if (proc) closedir(proc);
    tree[0] = root;
    for (int member = 0; member < count; member++)
        for (int i = 0; i < known && count < MAX_PROCESSES; i++)
            if (parents[i] == tree[member]) tree[count++] = pids[i];
    return count;
}

static uint64_t process_cpu_ns(pid_t pid) {
    clockid_t clock;
    struct timespec used;
    /* The scheduler's own count: utime + stime of /proc/PID/stat without their rounding to 10 ms ticks. */
    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used)) return 0;
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static uint64_t process_rss_kib(pid_t pid) {
    char path[64], line[256];
    unsigned long long kib = 0;
    /* Not statm: its counters are kept per CPU and lag behind by some hundred pages. */
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "Rss: %llu", &kib) != 1) {}
    if (file) fclose(file);
    return kib;
}

static uint64_t tree_sum(pid_t root, uint64_t (*of)(pid_t)) {
    static pid_t tree[MAX_PROCESSES];
    uint64_t sum = 0;
    for (int i = 0, count = collect(root, tree); i < count; i++) sum += of(tree[i]);
    return sum;
}

uint64_t tree_cpu_ns(pid_t root) { return tree_sum(root, process_cpu_ns); }

uint64_t tree_rss_kib(pid_t root) { return tree_sum(root, process_rss_kib); }
