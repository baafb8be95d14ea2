#include "proxy/renewal.h"

#include <criterion/criterion.h>

enum { USED = 1, OTHER = 2, THIRD = 3 };

static struct tls_option_fault fault(enum option_id option, const char *text)
{
    struct tls_option_fault made = {.option = option};

    strcpy(made.text, text);
    return made;
}

/* A look at files that are refused. Is that told? */
static bool refuse(struct renewal *renewal, uint64_t looks, const char *text)
{
    struct tls_option_fault why = fault(OPTION_ID_tls_certificate, text);

    cr_assert(renewal_is_due(renewal, looks));
    return renewal_is_news(renewal, looks, &why);
}

Test(renewal, does_not_read_files_that_are_in_use)
{
    struct renewal renewal = {.used = 0};

    renewal_use(&renewal, USED);
    cr_expect_not(renewal_is_due(&renewal, USED));
    cr_expect(renewal_is_due(&renewal, OTHER));
    renewal_use(&renewal, OTHER);
    cr_expect_not(renewal_is_due(&renewal, OTHER));
    cr_expect(renewal_is_due(&renewal, USED));
}

Test(renewal, tells_why_files_are_refused_when_they_are_so_twice)
{
    struct renewal renewal = {.used = 0};

    renewal_use(&renewal, USED);
    cr_expect_not(refuse(&renewal, OTHER, "is half"));
    cr_expect_not(refuse(&renewal, THIRD, "is half"), "these are others");
    cr_expect(refuse(&renewal, THIRD, "is half"));
    cr_expect_not(refuse(&renewal, THIRD, "is half"), "it is known");
    cr_expect(refuse(&renewal, THIRD, "is not valid yet"));
    cr_expect_not(refuse(&renewal, THIRD, "is not valid yet"));
}

Test(renewal, tells_of_another_option_too)
{
    struct renewal renewal = {.used = 0};
    struct tls_option_fault of_key = fault(OPTION_ID_tls_key, "cannot be read");

    renewal_use(&renewal, USED);
    cr_expect_not(refuse(&renewal, OTHER, "cannot be read"));
    cr_expect(refuse(&renewal, OTHER, "cannot be read"));
    cr_expect(renewal_is_news(&renewal, OTHER, &of_key));
    cr_expect_not(renewal_is_news(&renewal, OTHER, &of_key));
}

Test(renewal, tells_again_after_the_files_in_use_were_back)
{
    struct renewal renewal = {.used = 0};

    renewal_use(&renewal, USED);
    cr_expect_not(refuse(&renewal, OTHER, "is half"));
    cr_expect(refuse(&renewal, OTHER, "is half"));
    cr_expect_not(renewal_is_due(&renewal, USED));
    cr_expect_not(refuse(&renewal, OTHER, "is half"));
    cr_expect(refuse(&renewal, OTHER, "is half"));
}
