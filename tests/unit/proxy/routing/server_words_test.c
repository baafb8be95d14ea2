#include "proxy/routing/server_words.h"

#include <criterion/criterion.h>

static const struct {
    struct span reply;
    enum refusal refusal;
    bool is_servers;
} rows[] = {
    {SPAN("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"), REFUSAL_TRYAGAIN, true},
    {SPAN("-TRYAGAIN later\r\n"), REFUSAL_TRYAGAIN, false},
    {SPAN("-TRYAGAIN\r\n"), REFUSAL_TRYAGAIN, false},
    {SPAN("-TRYAGAIN Multiple keys request during rehashing of slot script: f, on x:1.\r\n"),
     REFUSAL_TRYAGAIN, false},
    {SPAN("-CLUSTERDOWN The cluster is down\r\n"), REFUSAL_CLUSTERDOWN, true},
    {SPAN("-CLUSTERDOWN Hash slot not served\r\n"), REFUSAL_CLUSTERDOWN, true},
    {SPAN("-CLUSTERDOWN The cluster is down and only accepts read commands\r\n"),
     REFUSAL_CLUSTERDOWN, true},
    {SPAN("-CLUSTERDOWN The cluster is up\r\n"), REFUSAL_CLUSTERDOWN, false},
    {SPAN("-LOADING Redis is loading the dataset in memory\r\n"), REFUSAL_LOADING, true},
    {SPAN("-LOADING Valkey is loading the dataset in memory\r\n"), REFUSAL_LOADING, true},
    {SPAN("-LOADING a cart\r\n"), REFUSAL_LOADING, false},
    {SPAN("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"),
     REFUSAL_MASTERDOWN, true},
    {SPAN("-MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and "
          "'allow-stale' flag is not set on the script.\r\n"),
     REFUSAL_MASTERDOWN, true},
    {SPAN("-MASTERDOWN he is ill\r\n"), REFUSAL_MASTERDOWN, false},
    {SPAN("-READONLY You can't write against a read only replica.\r\n"), REFUSAL_READONLY, true},
    {SPAN("-READONLY You can't write against a read only slave.\r\n"), REFUSAL_READONLY, true},
    {SPAN("-READONLY Can not run script with write flag on readonly replica\r\n"), REFUSAL_READONLY,
     true},
    {SPAN("-READONLY account\r\n"), REFUSAL_READONLY, false},
    {SPAN("-LOADING Redis is loading the dataset in memory\r\n"), REFUSAL_READONLY, false},
    {SPAN("-MOVED 1 127.0.0.1:1\r\n"), REFUSAL_MOVED, true},
    {SPAN("-MOVED 1 127.0.0.1:1 script: f, on x:1.\r\n"), REFUSAL_MOVED, false},
};

Test(server_words, are_told_from_those_of_a_script)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(server_says(rows[i].reply, rows[i].refusal), rows[i].is_servers, "%.*s",
                     (int)rows[i].reply.size, rows[i].reply.at);
    }
}
