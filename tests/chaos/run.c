#include "tests/chaos/run.h"

#include <stdio.h>

#include "tests/chaos/chronicle.h"
#include "tests/chaos/harvest.h"
#include "tests/chaos/judge.h"
#include "tests/chaos/report.h"
#include "tests/support/wait.h"

enum {
    QUIET_MS = 60000,
    LEAVE_MS = 60000,
    NODES = 6,
    SPARE_FDS = 4, /* an admin request, discovery's connection */
};

struct course {
    const struct settings *settings;
    struct nodes *nodes;
    struct subject *subject;
    struct workload *workload;
    struct nemesis nemesis;
    struct totals totals;
};

static void add_up(struct course *course, const struct verdict *verdict)
{
    struct totals *totals = &course->totals;

    totals->rounds++;
    totals->requests += verdict->judged;
    totals->lost += verdict->lost;
    totals->delayed += verdict->delayed;
    totals->overtaken += verdict->overtaken;
    totals->uncertain += verdict->uncertain;
    totals->took_place += verdict->took_place;
    totals->findings += verdict->count;
}

/* Clients have paused; nothing may be on its way when contents are read. */
static bool is_quiet(const struct course *course)
{
    return subject_metric(course->subject, "upstream_in_flight") == 0 &&
           subject_metric(course->subject, "waiting_requests") == 0;
}

static enum run_result judge_round(struct course *course, uint32_t round,
                                   enum disturbance_kind kind)
{
    struct contents contents = {0};
    struct trial trial = {.contents = &contents,
                          .losses = course->nemesis.losses,
                          .loss_count = course->nemesis.loss_count,
                          .permission = nemesis_permission(&course->nemesis, kind)};

    trial.histories = workload_histories(course->workload, &trial.count);
    bool read = harvest(course->nodes, trial.histories, trial.count, &contents);
    struct verdict verdict = judge(&trial);
    recovery_add(&course->totals.recovery, trial.histories, trial.count, course->nemesis.takeovers,
                 course->nemesis.takeover_count);
    enum run_result result = !read ? RUN_BROKEN : verdict.count > 0 ? RUN_VIOLATED : RUN_KEPT;
    report_round(round, kind, &course->nemesis, &verdict);
    if (result == RUN_VIOLATED) {
        report_findings(course->settings, &trial, &verdict);
    }
    add_up(course, &verdict);
    verdict_clear(&verdict);
    contents_clear(&contents);
    return result;
}

/* Something does not go on: says all that may tell why. */
static enum run_result give_up(const struct course *course, const char *what,
                               enum run_result result)
{
    struct bytes text = {0};

    bytes_print(&text, "%s, with --seed %llu\nwhat was done to the cluster:\n", what,
                (unsigned long long)course->settings->seed);
    chronicle_print(&text);
    bytes_print(&text, "what slotway wrote:\n");
    subject_print_log(course->subject, &text);
    fwrite(text.at, 1, text.size, stdout);
    bytes_clear(&text);
    return result;
}

static enum run_result run_round(struct course *course, uint32_t round)
{
    enum disturbance_kind kind = nemesis_choose(&course->nemesis, round);

    chronicle_forget();
    workload_begin(course->workload, round);
    bool whole = nemesis_round(&course->nemesis, kind);
    bool answered = workload_pause(course->workload);
    if (!subject_runs(course->subject)) {
        return give_up(course, "VIOLATION: slotway has ended", RUN_VIOLATED);
    }
    if (!answered) {
        return give_up(course, "VIOLATION: a client got no answer", RUN_VIOLATED);
    }
    if (!whole) {
        return give_up(course, "the cluster is not whole again", RUN_BROKEN);
    }
    if (!WAIT_FOR_MS(QUIET_MS, is_quiet(course))) {
        return give_up(course, "VIOLATION: requests stay in slotway", RUN_VIOLATED);
    }
    enum run_result result = judge_round(course, round, kind);
    if (result == RUN_KEPT && !harvest_clear_away(course->nodes)) {
        return give_up(course, "the nodes cannot be emptied", RUN_BROKEN);
    }
    return result;
}

/* Is there another round to do? */
static bool goes_on(const struct settings *settings, uint32_t round)
{
    return settings->minutes > 0 ? chronicle_now_ms() / 60000 < settings->minutes
                                 : round <= settings->rounds;
}

static enum run_result run_rounds(struct course *course)
{
    enum run_result worst = RUN_KEPT;

    for (uint32_t round = 1; goes_on(course->settings, round); round++) {
        enum run_result result = run_round(course, round);
        worst = result > worst ? result : worst;
        if (result != RUN_KEPT && !(course->settings->keeps_going && result == RUN_VIOLATED)) {
            break;
        }
    }
    return worst;
}

static bool has_left_nothing(struct course *course)
{
    course->totals.fds_after = subject_fd_count(course->subject);
    return course->totals.fds_after <= course->totals.fds_allowed &&
           subject_metric(course->subject, "downstream_connections_active") == 0;
}

/* All clients leave: what slotway has open must be what it had, and its connections to nodes. */
static enum run_result see_off(struct course *course)
{
    report_errors(course->workload);
    workload_free(&course->workload);
    course->totals.fds_allowed =
        course->totals.fds_before + SPARE_FDS + (int)course->settings->workers * NODES;
    bool clean = WAIT_FOR_MS(LEAVE_MS, has_left_nothing(course));
    course->totals.kb_after = subject_resident_kb(course->subject);
    report_metrics(course->subject);
    if (!clean) {
        return give_up(course, "VIOLATION: slotway keeps descriptors open", RUN_VIOLATED);
    }
    return RUN_KEPT;
}

static enum run_result run_course(struct course *course)
{
    course->totals.fds_before = subject_fd_count(course->subject);
    course->totals.kb_before = subject_resident_kb(course->subject);
    course->workload = workload_new(course->settings, subject_port(course->subject));
    nemesis_init(&course->nemesis, course->settings, course->nodes, course->workload);
    enum run_result result = run_rounds(course);
    if (subject_runs(course->subject)) {
        enum run_result leave = see_off(course);
        result = leave > result ? leave : result;
    }
    report_totals(course->settings, &course->nemesis, &course->totals);
    nemesis_clear(&course->nemesis);
    return result;
}

enum run_result run(const struct settings *settings)
{
    struct course course = {.settings = settings, .nodes = nodes_start()};
    enum run_result result = RUN_BROKEN;

    chronicle_speaks(settings->is_verbose);
    if (course.nodes == NULL) {
        struct bytes text = {0};
        chronicle_print(&text);
        fprintf(stderr, "chaos: there is no cluster\n%s", text.at);
        bytes_clear(&text);
        return RUN_BROKEN;
    }
    uint16_t seed = nodes_base_port(course.nodes);
    course.subject =
        subject_start(&(struct subject_options){.workers = settings->workers,
                                                .timeout_ms = settings->timeout_ms,
                                                .seeds = {seed, (uint16_t)(seed + 1)}});
    if (course.subject != NULL) {
        result = run_course(&course);
        if (!subject_stop(&course.subject) && result == RUN_KEPT) {
            result = RUN_VIOLATED;
        }
    }
    nodes_stop(&course.nodes);
    return result;
}
