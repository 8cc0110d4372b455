/* loader: drives a chat endpoint, checks every answer, and says what it cost.

   usage: loader --url https://localhost:8443/v1/chat/completions [options]

   --mode closed|open|hold|first
       closed   every connection sends its next request when the last is answered (throughput)
       open     --rate requests per second on a fixed schedule; latency counts from the scheduled time, so a slow answer
                also counts for those that had to wait behind it (no coordinated omission)
       hold     opens --connections streams, keeps them for --seconds, then counts those alive and those that stalled
       first    starts the program after "--" and polls every millisecond until the first right answer: exec → 200
   --connections 64   --opening 64 (simultaneous handshakes)   --warmup 1   --seconds 4   --open-limit 30
   --requests N       send exactly N requests, without warm-up, and stop when they are answered (--seconds still bounds the time)
   --refusals                                       503 with retry-after is no failure: it is counted and timed apart
   --body-bytes 388   --model gpt-4o-mini   --key KEY (Authorization: Bearer)   --ca FILE (verify the certificate)
   --stream [chunks=200,size=200,interval_us=0]     ask for a stream of that shape (see upstream.c)
   --account PID      report CPU time (over the window) and memory (before opening, after the window) of this process tree
   --cpu N            first: the core on which the program runs   --log FILE  first: where its output goes

   One JSON object on stdout, times in microseconds unless the name says otherwise. An answer is right when its status is 200 and
   it has "usage" (streams: also [DONE] and all events). Exit status: 0 all answers were right, 1 some were not, 2 usage.
   One thread; bounded in time: --open-limit + --warmup + --seconds; gives up after 100 failures. */

#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "first_answer.h"
#include "load.h"

struct options {
    const char *url, *mode, *ca, *key, *model, *stream, *log;
    int body_bytes, cpu;
    struct plan plan;
};

/* — the request — */

/* Prose with escapes, so that a JSON reader meets what it meets in life, cut to the wanted size. */
static void append_prose(char *at, size_t length) {
    static const char prose[] = "Explain to a new colleague why one connection per request is slow.\\nName the \\\"handshake\\\" and the cost of waking up. ";
    for (size_t i = 0; i < length; i++) at[i] = prose[i % (sizeof prose - 1)];
    if (length && at[length - 1] == '\\') at[length - 1] = '.';
    at[length] = 0;
}

static char *make_request(const struct options *o, const struct target *t) {
    size_t room = (size_t)o->body_bytes + 4096;
    char *body = calloc(1, room), *request = calloc(1, 2 * room), after[256];
    if (!body || !request) return NULL;
    int length = snprintf(body, room, "{\"model\":\"%s\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"},"
                          "{\"role\":\"user\",\"content\":\"%s ", o->model, o->stream ? o->stream : "");
    int end = snprintf(after, sizeof after, "\"}],\"max_tokens\":128,\"temperature\":0.7%s}",
                       o->stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "");
    if (o->body_bytes > length + end) append_prose(body + length, (size_t)(o->body_bytes - length - end));
    strcat(body, after);
    snprintf(request, 2 * room, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s%s%s\r\n%s",
             t->path, t->host, strlen(body), o->key ? "Authorization: Bearer " : "", o->key ? o->key : "", o->key ? "\r\n" : "", body);
    free(body);
    return request;
}

static uint32_t wanted_events(const char *shape) {
    const char *chunks = shape ? strstr(shape, "chunks=") : NULL;
    return chunks ? (uint32_t)strtoul(chunks + 7, NULL, 10) : shape ? 200 : 0;
}

/* — options — */

enum { NUMERIC = 256 };

static const struct option long_options[] = {
    {"url", 1, 0, 'u'}, {"mode", 1, 0, 'm'}, {"ca", 1, 0, 'a'}, {"key", 1, 0, 'k'}, {"model", 1, 0, 'M'}, {"stream", 2, 0, 's'}, {"log", 1, 0, 'l'}, {"refusals", 0, 0, 'r'},
    {"connections", 1, 0, NUMERIC}, {"opening", 1, 0, NUMERIC}, {"warmup", 1, 0, NUMERIC}, {"seconds", 1, 0, NUMERIC},
    {"open-limit", 1, 0, NUMERIC}, {"rate", 1, 0, NUMERIC}, {"requests", 1, 0, NUMERIC}, {"body-bytes", 1, 0, NUMERIC},
    {"account", 1, 0, NUMERIC}, {"cpu", 1, 0, NUMERIC}, {0}};

static bool set_number(struct options *o, const char *name, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || value < 0 || value > 1e9) return false;
    if (!strcmp(name, "connections")) o->plan.connections = (int)value;
    else if (!strcmp(name, "opening")) o->plan.opening = (int)value;
    else if (!strcmp(name, "warmup")) o->plan.warmup = value;
    else if (!strcmp(name, "seconds")) o->plan.seconds = value;
    else if (!strcmp(name, "open-limit")) o->plan.open_limit = value;
    else if (!strcmp(name, "rate")) o->plan.rate = value;
    else if (!strcmp(name, "requests")) o->plan.requests = (uint64_t)value;
    else if (!strcmp(name, "body-bytes")) o->body_bytes = (int)value;
    else if (!strcmp(name, "account")) o->plan.account = (pid_t)value;
    else o->cpu = (int)value;
    return true;
}

static const char *parse(struct options *o, int argc, char **argv) {
    for (int c, index = 0; (c = getopt_long(argc, argv, "+", long_options, &index)) != -1;) {
        if (c == 'u') o->url = optarg;
        else if (c == 'm') o->mode = optarg;
        else if (c == 'a') o->ca = optarg;
        else if (c == 'k') o->key = optarg;
        else if (c == 'M') o->model = optarg;
        else if (c == 's') o->stream = optarg ? optarg : "chunks=200,size=200,interval_us=0";
        else if (c == 'l') o->log = optarg;
        else if (c == 'r') o->plan.refusals = true;
        else if (c != NUMERIC) return "unknown option";
        else if (!set_number(o, long_options[index].name, optarg)) return "a number must be between 0 and 1e9";
    }
    bool first = !strcmp(o->mode, "first");
    if (!o->url) return "--url is missing";
    if (o->plan.connections < 1 || o->plan.opening < 1) return "--connections and --opening must be at least 1";
    if (o->body_bytes > 4 << 20) return "--body-bytes must be at most 4 MiB";
    if (!strcmp(o->mode, "open") && o->plan.rate <= 0) return "--mode open needs --rate";
    if (!strcmp(o->mode, "hold") && !o->stream) return "--mode hold needs --stream";
    if (first != (optind < argc)) return "a program after -- belongs to --mode first";
    if (!first && strcmp(o->mode, "open") && strcmp(o->mode, "hold") && strcmp(o->mode, "closed")) return "--mode must be closed, open, hold or first";
    return NULL;
}

/* — output — */

static void print_text(const char *name, const char *text) {
    printf("\"%s\":\"", name);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') printf("\\%c", *text);
        else if ((unsigned char)*text < 0x20) printf("\\u%04x", *text);
        else putchar(*text);
    }
    putchar('"');
}

static void print(const struct result *r, const struct plan *p) {
    double seconds = 1e-9 * (double)r->window_ns, cpu = 1e-9 * (double)r->cpu_ns;
    printf("{\"seconds\":%.4f,\"open_seconds\":%.4f,\"requests\":%" PRIu64 ",\"events\":%" PRIu64 ",\"reply_bytes\":%" PRIu64
           ",\"failures\":%" PRIu64 ",\"reconnects\":%" PRIu64 ",\"backlog\":%" PRIu64 ",",
           seconds, 1e-9 * (double)r->open_ns, r->requests, r->events, r->reply_bytes, r->failures, r->reconnects, r->backlog);
    if (seconds > 0) printf("\"requests_per_second\":%.1f,\"events_per_second\":%.1f,", (double)r->requests / seconds, (double)r->events / seconds);
    if (p->account) printf("\"cpu_seconds\":%.6f,\"rss_before_kib\":%" PRIu64 ",\"rss_after_kib\":%" PRIu64 ",", cpu, r->rss_before_kib, r->rss_after_kib);
    if (p->mode == HOLD) printf("\"alive\":%" PRIu64 ",\"stalled\":%" PRIu64 ",", r->alive, r->stalled);
    if (p->refusals) {
        printf("\"refused\":%" PRIu64 ",", r->refused);
        histogram_print(&r->refusal, "refusal");
        putchar(',');
    }
    histogram_print(&r->latency, "latency");
    putchar(',');
    histogram_print(&r->first_event, "first_event");
    putchar(',');
    print_text("first_failure", r->first_failure);
    puts("}");
}

static int run_first(const struct options *o, const struct target *t, char **program) {
    struct first_answer answer;
    bool found = first_answer_run(t, o->plan.request, o->plan.request_length, program, o->cpu, o->log, o->plan.open_limit, &answer);
    printf("{\"seconds\":%.6f,\"attempts\":%u,", answer.seconds, answer.attempts);
    print_text("first_failure", answer.fault);
    puts("}");
    return found ? 0 : 1;
}

int main(int argc, char **argv) {
    static struct result result;
    static struct target target;
    struct options o = {.mode = "closed", .model = "gpt-4o-mini", .body_bytes = 388, .cpu = -1,
                        .plan = {.connections = 64, .opening = 64, .warmup = 1, .seconds = 4, .open_limit = 30}};
    const char *fault = parse(&o, argc, argv);
    if (!fault) fault = target_parse(&target, o.url, o.ca);
    if (fault) {
        fprintf(stderr, "loader: %s (see the top of loader.c)\n", fault);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    o.plan.request = make_request(&o, &target);
    if (!o.plan.request) return 1;
    o.plan.request_length = strlen(o.plan.request);
    o.plan.target = &target;
    o.plan.stream = o.stream != NULL;
    o.plan.events = wanted_events(o.stream);
    if (o.plan.requests) o.plan.warmup = 0;
    if (!strcmp(o.mode, "first")) return run_first(&o, &target, argv + optind);
    o.plan.mode = !strcmp(o.mode, "open") ? OPEN_LOOP : !strcmp(o.mode, "hold") ? HOLD : CLOSED_LOOP;
    load_run(&o.plan, &result);
    print(&result, &o.plan);
    return result.failures || (o.plan.mode == HOLD && result.stalled) ? 1 : 0;
}
