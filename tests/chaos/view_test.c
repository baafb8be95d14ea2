/* CLUSTER NODES, taken apart. */
#include <criterion/criterion.h>

#include "tests/chaos/view.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

Test(view, roles_slots_and_who_follows_whom)
{
    struct view view;
    bool understood =
        view_parse(&view, A " 127.0.0.1:7000@17000 myself,master - 0 1 1 connected 0-2 9 [93->-" B
                            "]\n" B " 127.0.0.1:7001@17001,name master - 0 1 2 connected 3 [93-<-" A
                            "]\n" C " 127.0.0.1:7002@17002 slave " A " 0 1 1 connected\n");

    cr_assert(understood);
    cr_expect_eq(view.count, 3);
    cr_expect_eq(view_at(&view, 7000)->slot_count, 4);
    cr_expect_eq(view_owner(&view, 9)->port, 7000);
    cr_expect_eq(view_owner(&view, 3)->port, 7001);
    cr_expect_null(view_owner(&view, 93));
    cr_expect_null(view_at(&view, 7003));
    cr_expect_eq(view_replica_of(&view, view_at(&view, 7000))->port, 7002);
    cr_expect_null(view_replica_of(&view, view_at(&view, 7001)));
}

Test(view, a_node_that_has_failed_is_nobodys_replica)
{
    struct view view;
    bool understood =
        view_parse(&view, A " 127.0.0.1:7000@17000 master - 0 1 1 connected 0-16383\n" C
                            " 127.0.0.1:7002@17002 slave,fail " A " 0 1 1 disconnected\n");

    cr_assert(understood);
    cr_expect(view_at(&view, 7002)->has_failed);
    cr_expect_null(view_replica_of(&view, view_at(&view, 7000)));
}

Test(view, what_is_no_line_of_a_node_is_refused)
{
    struct view view;
    bool no_node = view_parse(&view, "LOADING Redis is loading\n");
    bool nothing = view_parse(&view, "");

    cr_expect_not(no_node);
    cr_expect_not(nothing);
}
