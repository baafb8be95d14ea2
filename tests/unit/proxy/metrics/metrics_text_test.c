#include "proxy/metrics/metrics_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "proxy/metrics/node_board.h"

enum { WORKERS = 2 };

static struct metrics worker_metrics[WORKERS];
static const struct metrics *const workers[WORKERS] = {&worker_metrics[0], &worker_metrics[1]};
static const char *const error_names[] = {"cross_slot", "overloaded"};
static const struct metrics_errors errors = {error_names, ARRAY_LEN(error_names)};
static const char *const kind_names[] = {"read", "write"};
static const struct metrics_kinds kinds = {kind_names, ARRAY_LEN(kind_names)};
static struct metrics_source sources[] = {{"main", workers, WORKERS, 2}, {"other", workers, 1, 2}};

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

Test(metrics_text, samples_of_a_kind_are_histograms_of_their_weights)
{
    struct kind_metrics *write = &worker_metrics[1].kinds[1];

    steps_record(&write->backend_time, 1000, 3);
    steps_record(&write->backend_time, 60000000, 1);
    steps_record(&write->reply_bytes, 65, 2);
    steps_record(&worker_metrics[0].kinds[1].queue_time, 33, 1);
    metrics_write_kinds(&text_queue, sources, ARRAY_LEN(sources), &kinds);
    const char *all = text();

    expect_line(all, "# TYPE slotway_backend_seconds histogram");
    expect_line(all,
                "slotway_backend_seconds_bucket{pool=\"main\",kind=\"write\",le=\"0.000512\"} 0");
    expect_line(all,
                "slotway_backend_seconds_bucket{pool=\"main\",kind=\"write\",le=\"0.001024\"} 3");
    expect_line(all,
                "slotway_backend_seconds_bucket{pool=\"main\",kind=\"write\",le=\"16.777216\"} 3");
    expect_line(all, "slotway_backend_seconds_bucket{pool=\"main\",kind=\"write\",le=\"+Inf\"} 4");
    expect_line(all, "slotway_backend_seconds_sum{pool=\"main\",kind=\"write\"} 60.003000");
    expect_line(all, "slotway_backend_seconds_count{pool=\"main\",kind=\"write\"} 4");
    expect_line(all, "slotway_backend_seconds_count{pool=\"main\",kind=\"read\"} 0");
    expect_line(all,
                "slotway_queue_seconds_bucket{pool=\"other\",kind=\"write\",le=\"0.000064\"} 1");
    expect_line(all, "slotway_reply_bytes_bucket{pool=\"main\",kind=\"write\",le=\"64\"} 0");
    expect_line(all, "slotway_reply_bytes_bucket{pool=\"main\",kind=\"write\",le=\"256\"} 2");
    expect_line(all, "slotway_reply_bytes_sum{pool=\"main\",kind=\"write\"} 130");
}

static struct node_counts nodes[] = {{.name = "b:1"}, {.name = "a:1"}, {.name = "c:1"}};

/* So many of them are known to the first worker. */
static const char *nodes_text(size_t count)
{
    worker_metrics[0].nodes = node_board_new();
    for (size_t i = 0; i < count; i++) {
        node_board_add(worker_metrics[0].nodes, &nodes[i]);
    }
    metrics_write_nodes(&text_queue, sources, ARRAY_LEN(sources));
    for (size_t i = 0; i < count; i++) {
        node_board_remove(worker_metrics[0].nodes, &nodes[i]);
    }
    node_board_free(&worker_metrics[0].nodes);
    return text();
}

Test(metrics_text, each_node_has_its_own)
{
    metric_add(&nodes[0].requests_total, 7);
    steps_record(&nodes[0].backend_time, 200, 5);
    steps_record(&nodes[0].queue_time, 50, 5);
    const char *all = nodes_text(2);

    expect_line(all, "# TYPE slotway_node_requests_total counter");
    expect_line(all, "slotway_node_requests_total{pool=\"main\",node=\"a:1\"} 0");
    expect_line(all, "slotway_node_requests_total{pool=\"main\",node=\"b:1\"} 7");
    expect_line(
        all, "slotway_node_backend_seconds_bucket{pool=\"main\",node=\"b:1\",le=\"0.000064\"} 0");
    expect_line(
        all, "slotway_node_backend_seconds_bucket{pool=\"main\",node=\"b:1\",le=\"0.000256\"} 5");
    expect_line(all, "# TYPE slotway_node_queue_seconds summary");
    expect_line(all, "slotway_node_queue_seconds_sum{pool=\"main\",node=\"b:1\"} 0.000250");
    expect_line(all, "slotway_node_queue_seconds_count{pool=\"main\",node=\"b:1\"} 5");
}

Test(metrics_text, where_there_are_more_nodes_than_are_to_be_told_none_is)
{
    const char *all = nodes_text(3);

    expect_line(all, "# TYPE slotway_node_requests_total counter");
    cr_expect_eq(occurrences(all, "node=\""), 0);
}

Test(metrics_text, retries_are_told_by_their_cause)
{
    metric_add(&worker_metrics[0].redirect_ask_total, 2);
    metric_add(&worker_metrics[1].retry_read_total, 3);
    metrics_write_retries(&text_queue, sources, ARRAY_LEN(sources));
    const char *all = text();

    expect_line(all, "slotway_retries_total{pool=\"main\",cause=\"ask\"} 2");
    expect_line(all, "slotway_retries_total{pool=\"main\",cause=\"read_lost\"} 3");
    expect_line(all, "slotway_retries_total{pool=\"main\",cause=\"moved\"} 0");
}

static const struct {
    const char *reply;
    enum node_error error;
} replies[] = {
    {"-ERR syntax error\r\n", NODE_ERROR_ERR},
    {"-ERR\r\n", NODE_ERROR_ERR},
    {"-ERRATIC words\r\n", NODE_ERROR_OTHER},
    {"-OOM command not allowed\r\n", NODE_ERROR_OOM},
    {"-BUSYGROUP it is there\r\n", NODE_ERROR_BUSYGROUP},
    {"-BUSY a script\r\n", NODE_ERROR_BUSY},
    {"-other\r\n", NODE_ERROR_OTHER},
    {"-\r\n", NODE_ERROR_OTHER},
    {"-MYMODULE says no\r\n", NODE_ERROR_OTHER},
};

Test(metrics_text, errors_of_nodes_go_by_their_first_word)
{
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_eq(node_error_of(span_of(replies[i].reply)), replies[i].error, "%s",
                     replies[i].reply);
    }
    metric_add(&worker_metrics[0].node_errors[NODE_ERROR_OOM], 2);
    expect_line(sources_text(), "slotway_node_error_replies_total{pool=\"main\",error=\"OOM\"} 2");
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
    const uint64_t limit = 1;

    metrics_write_sources(to, sources, ARRAY_LEN(sources), &errors);
    metrics_write_retries(to, sources, ARRAY_LEN(sources));
    metrics_write_kinds(to, sources, ARRAY_LEN(sources), &kinds);
    metrics_write_nodes(to, sources, ARRAY_LEN(sources));
    metrics_write_family(to, FAMILY_COMMAND_SECONDS);
    metrics_write_histogram(to, FAMILY_COMMAND_SECONDS,
                            &(struct metrics_histogram){
                                .limits = &limit, .counts = &limit, .limit_count = 1, .all = 1});
    metrics_write_process(to, clock_wall(), WORKERS);
    for (int family = FAMILY_HEAT_SECONDS; family < FAMILY_BUILD; family++) {
        metrics_write_family(to, (enum metrics_family)family);
        metrics_write_sample(to, (enum metrics_family)family, NULL, 0, family);
    }
}

Test(metrics_text, promtool_finds_nothing_to_complain_of)
{
    if (system("command -v promtool >/dev/null") != 0) {
        cr_skip_test("promtool is not installed");
    }
    struct node_counts node = {.name = "a:1"};

    histogram_record(&worker_metrics[0].request_time, 90);
    worker_metrics[0].nodes = node_board_new();
    node_board_add(worker_metrics[0].nodes, &node);
    write_everything(&text_queue);
    node_board_remove(worker_metrics[0].nodes, &node);
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

Test(metrics_text, rows_are_known_by_name_and_number)
{
    size_t found = 0;

    metric_add(&worker_metrics[0].downstream_requests_total, 3);
    metric_add(&worker_metrics[1].downstream_requests_total, 4);
    for (size_t i = 0; i < metrics_field_count(); i++) {
        if (strcmp(metrics_field_name(i), "downstream_requests_total") == 0) {
            cr_expect_eq(metrics_field_value(&sources[0], i), 7);
            cr_expect_eq(metrics_field_value(&sources[1], i), 3);
            found++;
        }
    }
    cr_expect_eq(found, 1);
    cr_expect_eq(metrics_sum(&sources[0], offsetof(struct metrics, downstream_requests_total)), 7);
}
