#include "config/host_names.h"

#include <criterion/criterion.h>

Test(host_names, are_letters_digits_and_a_few_signs)
{
    static const struct {
        struct span list;
        struct span wrong;
        bool is_right;
    } rows[] = {
        {SPAN("slotway"), SPAN(""), true},
        {SPAN("slotway.example, Proxy-7,a_b"), SPAN(""), true},
        {SPAN("slotway:9180"), SPAN("slotway:9180"), false},
        {SPAN("a, *.example"), SPAN("*.example"), false},
        {SPAN("http://a"), SPAN("http://a"), false},
        {SPAN(""), SPAN(""), false},
        {SPAN(" , "), SPAN(""), false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span wrong;

        cr_expect_eq(host_names_check(rows[i].list, &wrong), rows[i].is_right, "row %zu", i);
        cr_expect(span_equal(wrong, rows[i].wrong), "row %zu", i);
    }
}

Test(host_names, are_found_whole_and_in_any_case)
{
    const struct span list = SPAN("slotway.example, proxy-7");

    cr_expect(host_names_hold(list, SPAN("proxy-7")));
    cr_expect(host_names_hold(list, SPAN("SLOTWAY.example")));
    cr_expect_not(host_names_hold(list, SPAN("slotway")));
    cr_expect_not(host_names_hold(list, SPAN("example")));
    cr_expect_not(host_names_hold(list, SPAN("proxy-77")));
    cr_expect_not(host_names_hold(list, SPAN("")));
    cr_expect_not(host_names_hold(SPAN(""), SPAN("proxy-7")));
}
