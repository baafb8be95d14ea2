/* As whom a node is to take a connection. */
#include "proxy/upstream/credentials.h"

#include <criterion/criterion.h>

static const struct span alice = {"alice", 5};
static const struct span bob = {"bob", 3};

Test(credentials, are_the_same_only_with_name_and_password)
{
    struct credentials credentials;

    credentials_init(&credentials, &alice, SPAN("secret"));
    cr_expect(credentials_are(&credentials, &alice, SPAN("secret")));
    cr_expect_not(credentials_are(&credentials, &alice, SPAN("secre")));
    cr_expect_not(credentials_are(&credentials, &alice, SPAN("Secret")));
    cr_expect_not(credentials_are(&credentials, &bob, SPAN("secret")));
    cr_expect_not(credentials_are(&credentials, NULL, SPAN("secret")));
    credentials_clear(&credentials);
}

Test(credentials, of_a_password_alone_have_no_name)
{
    struct credentials credentials;
    static const struct span user = {"default", 7};

    credentials_init(&credentials, NULL, SPAN("secret"));
    cr_expect(credentials_are(&credentials, NULL, SPAN("secret")));
    cr_expect_not(credentials_are(&credentials, &user, SPAN("secret")));
    credentials_clear(&credentials);
}

Test(credentials, that_nobody_gave_are_not_an_empty_password)
{
    struct credentials credentials = {0};
    struct credentials empty;

    cr_expect_not(credentials_are(&credentials, NULL, SPAN("")));
    credentials_init(&empty, NULL, SPAN(""));
    cr_expect(credentials_are(&empty, NULL, SPAN("")));
    credentials_clear(&empty);
    credentials_clear(&credentials);
}

static void writes(const struct credentials *credentials, const char *wire)
{
    struct sendq output;

    sendq_init(&output);
    credentials_write(credentials, &output);
    cr_expect(output.is_secret);

    struct block *block = sendq_flatten(&output);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(wire)), "%.*s",
              (int)block->used, block->bytes);
    block_release(&block);
    sendq_clear(&output);
}

Test(credentials, are_said_as_they_were_given)
{
    struct credentials credentials;

    credentials_init(&credentials, &alice, (struct span){"a\r\nb", 4});
    writes(&credentials, "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$4\r\na\r\nb\r\n");
    credentials_clear(&credentials);
    credentials_init(&credentials, NULL, SPAN("p"));
    writes(&credentials, "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n");
    credentials_clear(&credentials);
}
