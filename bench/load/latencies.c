#include "bench/load/latencies.h"

#include "common/check.h"

enum { EXACT = 1 << LATENCY_EXACT_BITS, HALF = EXACT / 2 };

uint64_t latency_cell_limit(uint32_t cell)
{
    CHECK(cell < LATENCY_CELLS);
    if (cell < EXACT) {
        return cell;
    }

    uint32_t shift = cell / HALF - 1;

    return ((uint64_t)(cell - shift * HALF + 1) << shift) - 1;
}

uint64_t latencies_percentile(const struct latencies *latencies, double percent)
{
    double wanted = (double)latencies->count * percent / 100;
    uint64_t seen = 0;

    CHECK(percent >= 0 && percent <= 100);
    for (uint32_t cell = 0; cell < LATENCY_CELLS; cell++) {
        seen += latencies->counts[cell];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t limit = latency_cell_limit(cell);

            return limit < latencies->most ? limit : latencies->most;
        }
    }
    return 0;
}

double latencies_mean(const struct latencies *latencies)
{
    return latencies->count == 0 ? 0 : (double)latencies->sum / (double)latencies->count;
}
