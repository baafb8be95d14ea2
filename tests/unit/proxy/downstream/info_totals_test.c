#include "proxy/downstream/info_totals.h"

#include <string.h>

#include <criterion/criterion.h>

static struct info_totals totals;

/* What a section shows of the nodes. */
static void expect_section(enum info_section section, const char *expected)
{
    struct sendq queue;

    sendq_init(&queue);
    info_totals_write(&totals, section, &queue);

    struct block *block = sendq_flatten(&queue);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(expected)),
              "got %.*s instead of %s", (int)block->used, block->bytes, expected);
    block_release(&block);
    sendq_clear(&queue);
}

static void add(const char *text)
{
    info_totals_add(&totals, span_of(text));
}

Test(info_totals, integers_are_added_and_shown_for_people)
{
    add("# Memory\r\nused_memory:1000\r\nused_memory_human:1000B\r\nused_memory_rss:3000\r\n");
    add("# Memory\r\nused_memory:1024\r\nused_memory_human:1.00K\r\nused_memory_rss:3072\r\n");
    expect_section(INFO_MEMORY, "used_memory:2024\r\nused_memory_human:1.98K\r\n"
                                "used_memory_rss:6072\r\nmem_fragmentation_ratio:3.00\r\n");
    cr_expect_eq(totals.nodes, 2);
}

Test(info_totals, each_way_to_join_fields)
{
    add("rdb_last_save_time:50\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0\r\n"
        "maxmemory_policy:noeviction\r\ninstantaneous_input_kbps:0.33\r\n");
    add("rdb_last_save_time:40\r\nrdb_last_bgsave_status:err\r\naof_enabled:1\r\n"
        "maxmemory_policy:allkeys-lru\r\ninstantaneous_input_kbps:1.7\r\n");
    add("rdb_last_save_time:60\r\nrdb_last_bgsave_status:ok\r\naof_enabled:0\r\n");
    expect_section(INFO_PERSISTENCE, "rdb_last_save_time:40\r\nrdb_last_bgsave_status:err\r\n"
                                     "aof_enabled:1\r\n");
    expect_section(INFO_MEMORY, "maxmemory_policy:noeviction\r\n");
    expect_section(INFO_STATS, "instantaneous_input_kbps:2.03\r\n");
}

Test(info_totals, a_negative_time_is_kept)
{
    add("rdb_current_bgsave_time_sec:-1\r\n");
    add("rdb_current_bgsave_time_sec:-1\r\n");
    expect_section(INFO_PERSISTENCE, "rdb_current_bgsave_time_sec:-1\r\n");
}

Test(info_totals, the_mean_time_to_live_is_weighted_by_keys_that_expire)
{
    add("# Keyspace\r\ndb0:keys=10,expires=1,avg_ttl=1000\r\n");
    add("# Keyspace\r\ndb0:keys=20,expires=3,avg_ttl=2000,subexpiry=0\r\n");
    add("# Keyspace\r\n");
    expect_section(INFO_KEYSPACE, "db0:keys=30,expires=4,avg_ttl=1750\r\n");
}

Test(info_totals, blocked_clients_are_counted_and_shown_by_others)
{
    add("blocked_clients:2\r\n");
    add("blocked_clients:3\r\n");
    add("blocked_clients:x\r\n");
    cr_expect_eq(totals.blocked, 5);
    cr_expect_eq(totals.blocked_nodes, 2);
    expect_section(INFO_CLIENTS, "");
}

Test(info_totals, rows_go_to_their_sections)
{
    add("# Commandstats\r\ncmdstat_get:calls=1,usec=3,usec_per_call=3.00\r\n"
        "# Errorstats\r\nerrorstat_ERR:count=5\r\n"
        "# Latencystats\r\nlatency_percentiles_usec_get:p50=1.003\r\n");
    add("cmdstat_get:calls=1,usec=2,usec_per_call=2.00\r\nerrorstat_ERR:count=1");
    expect_section(INFO_COMMANDSTATS, "cmdstat_get:calls=2,usec=5,usec_per_call=2.50\r\n");
    expect_section(INFO_ERRORSTATS, "errorstat_ERR:count=6\r\n");
    expect_section(INFO_LATENCYSTATS, "latency_percentiles_usec_get:p50=1.003\r\n");
    expect_section(INFO_STATS, "");
    info_totals_clear(&totals);
    expect_section(INFO_COMMANDSTATS, "");
}

Test(info_totals, an_empty_cluster_has_no_line_for_its_keys)
{
    add("# Keyspace\r\ndb0:keys=0,expires=0,avg_ttl=0\r\n");
    expect_section(INFO_KEYSPACE, "");
}

Test(info_totals, the_first_version_stands_for_all)
{
    add("redis_version:7.0.15\r\n");
    add("redis_version:7.2.1\r\n");
    cr_expect_str_eq(totals.version, "7.0.15");
}

Test(info_totals, text_that_makes_no_sense_is_left_out)
{
    static const char *const texts[] = {
        "",
        "\r\n",
        "\n\n",
        ":",
        "used_memory",
        "used_memory:",
        "used_memory:x\r\n",
        "used_memory:1x\r\n",
        "used_memory:99999999999999999999\r\n",
        "db0:\r\n",
        "db0:keys\r\n",
        "db0:keys=,expires=-5,avg_ttl\r\n",
        "instantaneous_input_kbps:.\r\n",
        "instantaneous_input_kbps:-0.5\r\n",
        "USED_MEMORY:5\r\n",
        " used_memory:5\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        memset(&totals, 0, sizeof totals);
        add(texts[i]);
        expect_section(INFO_MEMORY, "");
        expect_section(INFO_KEYSPACE, "");
        expect_section(INFO_STATS, "");
    }
}

Test(info_totals, sums_stay_in_range_and_texts_in_their_place)
{
    add("used_memory:9223372036854775807\r\ndb0:keys=9223372036854775807,"
        "expires=9223372036854775807,avg_ttl=9223372036854775807\r\n"
        "maxmemory_policy:0123456789012345678901234567890123456789012345678901234567890123\r\n");
    add("used_memory:9223372036854775807\r\ndb0:keys=5,expires=5,avg_ttl=5\r\n");
    cr_expect_eq(totals.number[INFO_FIELD_used_memory], INT64_MAX);
    cr_expect_eq(totals.keys, INT64_MAX);
    cr_expect_eq(strlen(totals.text[INFO_FIELD_maxmemory_policy]), INFO_TEXT_SIZE - 1);
}

Test(info_totals, a_last_line_without_its_end_counts)
{
    add("keyspace_hits:4");
    add("keyspace_hits:5\n");
    expect_section(INFO_STATS, "keyspace_hits:9\r\n");
}
