/* certificates.h - certificates and keys, made by the test that needs them, in a folder that goes
 * with them.
 *
 *      folder/NAME.pem    the certificate
 *      folder/NAME.key    its key
 *
 * One thread.
 */
#ifndef TESTS_SUPPORT_CERTIFICATES_H
#define TESTS_SUPPORT_CERTIFICATES_H

#include "common/base.h"

struct certificates;

/* What is left out is as the comment says. */
struct certificate_options {
    const char *common_name; /* the name of the files */
    const char *alternative; /* as in "DNS:localhost,IP:127.0.0.1"; none */
    const char *issuer;      /* the name of an authority that was made before; itself */
    const char *password;    /* that the key is encrypted with; it is not */
    int64_t begins_in;       /* seconds from now; an hour ago */
    int64_t ends_in;         /* likewise; in a day */
    bool is_authority;
    bool has_key_in_certificate; /* NAME.pem has the key, too */
};

/* With an empty folder. */
struct certificates *certificates_new(void) MUST_USE;

/* Removes the folder with all that is in it. */
void certificates_free(struct certificates **certificates);

/* Makes NAME.pem and NAME.key; what was there is replaced in one step each. */
void certificates_make_with(struct certificates *certificates, const char *name,
                            struct certificate_options options);
#define certificates_make(certificates, name, ...)                                                 \
    certificates_make_with((certificates), (name), (struct certificate_options){__VA_ARGS__})

/* An authority "ca", and "server", for localhost and 127.0.0.1, and "client" by it. */
void certificates_make_usual(struct certificates *certificates);

/* A file with `text`. */
void certificates_write(struct certificates *certificates, const char *file, const char *text);

/* Copies the file over another one, in one step. */
void certificates_copy(struct certificates *certificates, const char *from, const char *to);

/* The path of a file in the folder, or with "" of the folder; good until certificates_free. */
const char *certificates_path(struct certificates *certificates, const char *file);

#endif
