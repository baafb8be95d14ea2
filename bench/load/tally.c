#include "bench/load/tally.h"

static const struct {
    const char *name;
    double percent;
} percentiles[] = {
    {"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99},
};

static double per_second(const struct tally *tally)
{
    return tally->us == 0 ? 0 : (double)tally->requests * US_PER_SECOND / (double)tally->us;
}

static double cpu_per_request(const struct tally *tally)
{
    return tally->requests == 0 ? 0 : (double)tally->cpu_us / (double)tally->requests;
}

#define LLU(number) ((unsigned long long)(number))

static void print_json_latencies(const struct latencies *latencies, FILE *to)
{
    fprintf(to, "\"latency_us\":{\"min\":%llu,\"mean\":%.1f", LLU(latencies->least),
            latencies_mean(latencies));
    for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
        fprintf(to, ",\"%s\":%llu", percentiles[i].name,
                LLU(latencies_percentile(latencies, percentiles[i].percent)));
    }
    fprintf(to, ",\"max\":%llu}", LLU(latencies->most));
}

void tally_print_json(const struct tally *tally, FILE *to)
{
    fprintf(to,
            "{\"requests\":%llu,\"seconds\":%.6f,\"requests_per_second\":%.1f,\"errors\":%llu,"
            "\"wrong\":%llu,\"reconnects\":%llu,",
            LLU(tally->requests), (double)tally->us / US_PER_SECOND, per_second(tally),
            LLU(tally->errors), LLU(tally->wrong), LLU(tally->reconnects));
    print_json_latencies(&tally->latencies, to);
    fprintf(to, ",\"bytes_in\":%llu,\"bytes_out\":%llu,\"cpu_us_per_request\":%.3f}\n",
            LLU(tally->bytes_in), LLU(tally->bytes_out), cpu_per_request(tally));
}

void tally_print_table(const struct tally *tally, FILE *to)
{
    const struct latencies *latencies = &tally->latencies;

    fprintf(to, "%llu requests in %.3f s, %.0f a second\n", LLU(tally->requests),
            (double)tally->us / US_PER_SECOND, per_second(tally));
    fprintf(to, "errors %llu, wrong replies %llu, reconnects %llu\n", LLU(tally->errors),
            LLU(tally->wrong), LLU(tally->reconnects));
    fprintf(to, "bytes in %llu, out %llu, own CPU %.2f us a request\n", LLU(tally->bytes_in),
            LLU(tally->bytes_out), cpu_per_request(tally));
    fprintf(to, "latency  min %llu us, mean %.1f us\n", LLU(latencies->least),
            latencies_mean(latencies));
    for (size_t i = 0; i < ARRAY_LEN(percentiles); i++) {
        fprintf(to, "  %-8s %8llu us\n", percentiles[i].name,
                LLU(latencies_percentile(latencies, percentiles[i].percent)));
    }
    fprintf(to, "  %-8s %8llu us\n", "max", LLU(latencies->most));
}
