/* pki.h - certificates and keys, made by the test that needs them, in a folder that goes with them.
 *
 *      folder/NAME.pem    the certificate
 *      folder/NAME.key    its key
 *
 * One thread.
 */
#ifndef TESTS_SUPPORT_PKI_H
#define TESTS_SUPPORT_PKI_H

#include "common/base.h"

struct pki;

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
struct pki *pki_new(void) MUST_USE;

/* Removes the folder with all that is in it. */
void pki_free(struct pki **pki);

/* Makes NAME.pem and NAME.key; what was there is replaced in one step each. */
void pki_make_with(struct pki *pki, const char *name, struct certificate_options options);
#define pki_make(pki, name, ...)                                                                   \
    pki_make_with((pki), (name), (struct certificate_options){__VA_ARGS__})

/* An authority "ca", and "server", for localhost and 127.0.0.1, and "client" by it. */
void pki_make_usual(struct pki *pki);

/* A file with `text`. */
void pki_write(struct pki *pki, const char *file, const char *text);

/* Copies the file over another one, in one step. */
void pki_copy(struct pki *pki, const char *from, const char *to);

/* The path of a file in the folder, or with "" of the folder; good until pki_free. */
const char *pki_path(struct pki *pki, const char *file);

#endif
