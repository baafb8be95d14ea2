#include "config/password_file.h"
#include "tests/unit/config/fixture.h"

TestSuite(password_file, .init = fixture_enter, .fini = fixture_leave);

enum { LIMIT = 8 };

static const struct {
    const char *content;
    const char *password;
    const char *problem;
} samples[] = {
    {"secret", "secret", NULL},
    {"secret\n", "secret", NULL},
    {"secret\r\n", "secret", NULL},
    {"secret\nmore\n", "secret", NULL},
    {" a b ", " a b ", NULL},
    {"a\rb\n", "a\rb", NULL},
    {"12345678\r\nmore", "12345678", NULL},
    {"123456789\n", NULL, "its first line has more than 8 bytes"},
    {"", NULL, "its first line is empty"},
    {"\nsecret", NULL, "its first line is empty"},
    {"\r\n", NULL, "its first line is empty"},
};

Test(password_file, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        char *problem = NULL;
        fixture_write("password", samples[i].content);
        char *password = password_file_read("password", LIMIT, &problem);
        cr_expect_eq(password == NULL, samples[i].password == NULL);
        cr_expect_str_eq(password == NULL ? problem : password,
                         password == NULL ? samples[i].problem : samples[i].password);
        free(password);
        free(problem);
    }
}

static void expect_problem(const char *path, const char *expected)
{
    char *problem = NULL;

    cr_expect_null(password_file_read(path, LIMIT, &problem));
    cr_expect_str_eq(problem, expected);
    free(problem);
}

Test(password_file, that_cannot_be_read)
{
    expect_problem("nowhere", "No such file or directory");
    expect_problem("/", "Is a directory");
    expect_problem("/dev/zero", "its first line has more than 8 bytes");
}

Test(password_file, with_a_zero_byte)
{
    FILE *file = fopen("password", "we");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite("a\0b\n", 1, 4, file), 4);
    fclose(file);
    expect_problem("password", "its first line has a zero byte");
}
