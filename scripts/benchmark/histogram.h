/* Log-linear histogram of durations in nanoseconds: 128 steps per power of two, so every value is known to 0.8 %
   in constant memory and time, however long the run. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTOGRAM_STEP_BITS = 7, HISTOGRAM_BUCKETS = (64 - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS };

struct histogram {
    uint64_t count, sum, max;
    uint32_t bucket[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_index(uint64_t value) {
    if (value < (1u << HISTOGRAM_STEP_BITS)) return (unsigned)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return ((shift + 1) << HISTOGRAM_STEP_BITS) + (unsigned)((value >> shift) & ((1u << HISTOGRAM_STEP_BITS) - 1));
}

static inline void histogram_add(struct histogram *h, uint64_t value) {
    h->count++;
    h->sum += value;
    if (value > h->max) h->max = value;
    h->bucket[histogram_index(value)]++;
}

/* The middle of the bucket in which the given share (0 … 1) of all values is reached; 0 when nothing was recorded. */
static inline uint64_t histogram_quantile(const struct histogram *h, double share) {
    uint64_t wanted = (uint64_t)(share * (double)h->count), seen = 0;
    if (wanted >= h->count) return h->max;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen <= wanted) continue;
        if (i < (1u << HISTOGRAM_STEP_BITS)) return i;
        unsigned shift = (i >> HISTOGRAM_STEP_BITS) - 1;
        uint64_t low = (uint64_t)((i & ((1u << HISTOGRAM_STEP_BITS) - 1)) + (1u << HISTOGRAM_STEP_BITS)) << shift;
        return low + ((1ull << shift) >> 1);
    }
    return h->max;
}

/* One JSON member with the usual percentiles in microseconds. */
static inline void histogram_print(const struct histogram *h, const char *name) {
    double us = 1e-3;
    printf("\"%s\":{\"count\":%" PRIu64 ",\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
           name, h->count, h->count ? us * (double)h->sum / (double)h->count : 0.0,
           us * (double)histogram_quantile(h, 0.50), us * (double)histogram_quantile(h, 0.90),
           us * (double)histogram_quantile(h, 0.99), us * (double)histogram_quantile(h, 0.999), us * (double)h->max);
}

#endif
