#include "proxy/metrics/metrics_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"

enum { WORKERS = 2 };

static struct metrics worker_metrics[WORKERS];
static const struct metrics *const workers[WORKERS] = {&worker_metrics[0], &worker_metrics[1]};
static const char *const error_names[] = {"cross_slot", "overloaded"};
static const struct metrics_errors errors = {error_names, ARRAY_LEN(error_names)};
static struct metrics_source sources[] = {{"main", workers, WORKERS}, {"other", workers, 1}};

static struct sendq text_queue;
static struct block *text_block;

/* Everything in the queue as a string. */
static const char *text(void)
{
    sendq_append(&text_queue, (struct span){"", 1});
    text_block = sendq_flatten(&text_queue);
    return text_block->bytes;
}

static const char *sources_text(void)
{
    metrics_write_sources(&text_queue, sources, ARRAY_LEN(sources), &errors);
    return text();
}

static void set_up(void)
{
    sendq_init(&text_queue);
}

static void tear_down(void)
{
    sendq_clear(&text_queue);
    block_release(&text_block);
}

TestSuite(metrics_text, .init = set_up, .fini = tear_down);

static unsigned occurrences(const char *haystack, const char *needle)
{
    unsigned count = 0;

    for (const char *at = strstr(haystack, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

static void expect_line(const char *all, const char *line)
{
    char *with_ends = NULL;

    cr_assert(asprintf(&with_ends, "\n%s\n", line) > 0);
    cr_expect_eq(occurrences(all, with_ends), 1, "'%s' is not there once", line);
    free(with_ends);
}

Test(metrics_text, values_are_summed_over_the_workers_of_each_pool)
{
    metric_add(&worker_metrics[0].redirect_moved_total, 2);
    metric_add(&worker_metrics[1].redirect_moved_total, 3);
    const char *all = sources_text();

    expect_line(all, "slotway_redirect_moved_total{pool=\"main\"} 5");
    expect_line(all, "slotway_redirect_moved_total{pool=\"other\"} 2");
}

Test(metrics_text, the_topology_version_is_the_lowest_of_the_workers)
{
    metric_add(&worker_metrics[0].topology_version, 7);
    metric_add(&worker_metrics[1].topology_version, 6);
    expect_line(sources_text(), "slotway_topology_version{pool=\"main\"} 6");
}

Test(metrics_text, large_counts_are_exact)
{
    metric_add(&worker_metrics[0].downstream_sent_bytes_total, (1ull << 53) + 1);
    expect_line(sources_text(),
                "slotway_downstream_sent_bytes_total{pool=\"other\"} 9007199254740993");
}

Test(metrics_text, help_and_type_stand_once_before_the_samples_of_all_pools)
{
    const char *all = sources_text();

    expect_line(all, "# HELP slotway_redirect_moved_total MOVED replies followed");
    expect_line(all, "# TYPE slotway_redirect_moved_total counter");
    expect_line(all, "# TYPE slotway_upstream_in_flight gauge");
    cr_expect_lt(strstr(all, "# TYPE slotway_redirect_moved_total"),
                 strstr(all, "slotway_redirect_moved_total{"));
}

Test(metrics_text, closings_are_told_by_side_and_reason)
{
    metric_add(&worker_metrics[0].downstream_closed[CLOSE_QUIT], 4);
    metric_add(&worker_metrics[1].upstream_closed[CLOSE_STALLED], 1);
    const char *all = sources_text();

    expect_line(all, "slotway_downstream_closed_total{pool=\"main\",reason=\"quit\"} 4");
    expect_line(all, "slotway_downstream_closed_total{pool=\"main\",reason=\"stalled\"} 0");
    expect_line(all, "slotway_upstream_closed_total{pool=\"main\",reason=\"stalled\"} 1");
}

Test(metrics_text, error_replies_are_told_by_the_names_of_the_caller)
{
    metric_add(&worker_metrics[1].error_replies[1], 9);
    const char *all = sources_text();

    expect_line(all, "slotway_error_replies_total{pool=\"main\",error=\"cross_slot\"} 0");
    expect_line(all, "slotway_error_replies_total{pool=\"main\",error=\"overloaded\"} 9");
}

Test(metrics_text, request_times_are_a_cumulative_histogram_in_seconds)
{
    histogram_record(&worker_metrics[0].request_time, 90);
    histogram_record(&worker_metrics[1].request_time, 2000);
    histogram_record(&worker_metrics[1].request_time, 11000000);
    const char *all = sources_text();

    expect_line(all, "# TYPE slotway_request_seconds histogram");
    expect_line(all, "slotway_request_seconds_bucket{pool=\"main\",le=\"0.0001\"} 1");
    expect_line(all, "slotway_request_seconds_bucket{pool=\"main\",le=\"0.001\"} 1");
    expect_line(all, "slotway_request_seconds_bucket{pool=\"main\",le=\"0.0025\"} 2");
    expect_line(all, "slotway_request_seconds_bucket{pool=\"main\",le=\"10\"} 2");
    expect_line(all, "slotway_request_seconds_bucket{pool=\"main\",le=\"+Inf\"} 3");
    expect_line(all, "slotway_request_seconds_count{pool=\"main\"} 3");
    expect_line(all, "slotway_request_seconds_sum{pool=\"main\"} 11.002090");
    expect_line(all, "slotway_request_seconds_count{pool=\"other\"} 1");
}

Test(metrics_text, waits_have_a_histogram_of_their_own)
{
    histogram_record(&worker_metrics[0].waiting_time, 90);
    histogram_record(&worker_metrics[1].waiting_time, 2000);
    const char *all = sources_text();

    expect_line(all, "# TYPE slotway_waiting_seconds histogram");
    expect_line(all, "slotway_waiting_seconds_bucket{pool=\"main\",le=\"0.001\"} 1");
    expect_line(all, "slotway_waiting_seconds_bucket{pool=\"main\",le=\"+Inf\"} 2");
    expect_line(all, "slotway_waiting_seconds_count{pool=\"main\"} 2");
    expect_line(all, "slotway_waiting_seconds_sum{pool=\"main\"} 0.002090");
}

Test(metrics_text, label_values_are_escaped)
{
    struct metrics_label labels[] = {{"pool", "a\\b\"c\nd"}, {"kind", "x"}};

    metrics_write_sample(&text_queue, FAMILY_DISCOVERY_HINTS, labels, ARRAY_LEN(labels), 1.5);
    cr_expect_str_eq(text(),
                     "slotway_discovery_hints_total{pool=\"a\\\\b\\\"c\\nd\",kind=\"x\"} 1.5\n");
}

Test(metrics_text, a_sample_without_labels_has_no_braces)
{
    metrics_write_sample(&text_queue, FAMILY_WORKERS, NULL, 0, 16777217);
    cr_expect_str_eq(text(), "slotway_workers 16777217\n");
}

static double value_of(const char *all, const char *name)
{
    const char *at = strstr(all, name);

    cr_assert_not_null(at, "%s is not there", name);
    return strtod(at + strlen(name), NULL);
}

Test(metrics_text, the_process_is_measured)
{
    metrics_write_process(&text_queue, 1500000, 3);
    const char *all = text();

    expect_line(all, "slotway_info{version=\"" SLOTWAY_VERSION "\"} 1");
    expect_line(all, "slotway_start_time_seconds 1.5");
    expect_line(all, "slotway_workers 3");
    cr_expect_gt(value_of(all, "\nprocess_resident_memory_bytes "), 100000);
    cr_expect_gt(value_of(all, "\nprocess_cpu_seconds_total "), 0);
    cr_expect_gt(value_of(all, "\nprocess_max_fds "), 3);
}

Test(metrics_text, open_descriptors_are_counted)
{
    metrics_write_process(&text_queue, 0, 1);
    double before = value_of(text(), "\nprocess_open_fds ");

    tear_down();
    set_up();
    int fd = dup(STDERR_FILENO);
    cr_assert_geq(fd, 0);
    metrics_write_process(&text_queue, 0, 1);
    cr_expect_eq(value_of(text(), "\nprocess_open_fds "), before + 1);
    close(fd);
}

static void write_everything(struct sendq *to)
{
    metrics_write_sources(to, sources, ARRAY_LEN(sources), &errors);
    metrics_write_process(to, clock_wall(), WORKERS);
    for (int family = FAMILY_DISCOVERY_REFRESHES; family <= FAMILY_READY; family++) {
        metrics_write_family(to, (enum metrics_family)family);
        metrics_write_sample(to, (enum metrics_family)family, NULL, 0, family);
    }
}

Test(metrics_text, promtool_finds_nothing_to_complain_of)
{
    if (system("command -v promtool >/dev/null") != 0) {
        cr_skip_test("promtool is not installed");
    }
    histogram_record(&worker_metrics[0].request_time, 90);
    write_everything(&text_queue);
    FILE *promtool = popen("promtool check metrics >&2", "w");
    cr_assert_not_null(promtool);
    fputs(text(), promtool);
    cr_expect_eq(pclose(promtool), 0);
}

Test(metrics_text, every_family_has_one_name_and_a_row_in_the_help)
{
    char *help = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&help, &size);

    metrics_print_help(stream);
    fclose(stream);
    write_everything(&text_queue);
    const char *all = text();
    unsigned types = 0;
    for (const char *at = strstr(all, "# TYPE "); at != NULL; at = strstr(at + 1, "# TYPE ")) {
        char name[80];
        char line_start[82];
        cr_assert_eq(sscanf(at, "# TYPE %79s", name), 1);
        snprintf(line_start, sizeof line_start, "%s ", name);
        cr_expect_eq(occurrences(help, line_start), 1, "%s", name);
        types++;
    }
    cr_expect_eq(occurrences(help, "\n"), types);
    free(help);
}

Test(metrics_text, the_page_in_docs_is_up_to_date)
{
    char *page = NULL;
    char *kept = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&page, &size);
    FILE *file = fopen(SOURCE_FOLDER "/docs/metrics.md", "re");

    metrics_print_help_markdown(stream);
    fclose(stream);
    cr_assert_not_null(file);
    size_t room = 0;
    cr_assert_gt(getdelim(&kept, &room, '\0', file), 0);
    cr_expect(strcmp(kept, page) == 0, "slotway --help-metrics=markdown > docs/metrics.md");
    fclose(file);
    free(page);
    free(kept);
}
